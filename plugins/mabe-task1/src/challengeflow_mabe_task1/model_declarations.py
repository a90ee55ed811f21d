"""The models that this plugin declares: their parameters, and what they need of a machine."""

from challengeflow import Model, Resources

FEATURES = {
    "windows": {
        "type": "array",
        "items": {"type": "number", "exclusiveMinimum": 0},
        "default": [0.5, 2, 6, 20, 60],
        "description": "Lengths in seconds of the centred windows whose mean and spread enter the features",
    },
    "longest_gap": {
        "type": "number",
        "minimum": 0,
        "default": 0.5,
        "description": "Seconds of missing tracking to bridge in a straight line; longer gaps stay missing",
    },
    "axis": {
        "type": ["array", "null"],
        "items": {"type": ["integer", "string"], "minimum": 0},
        "minItems": 2,
        "maxItems": 2,
        "default": None,
        "description": "Parts, by number or name, the body axis runs from and to; null: tail base to neck where "
        "there are the seven MARS parts, else the two parts seen most often, the later one to the earlier",
    },
    "causal": {
        "type": "boolean",
        "default": False,
        "description": "Whether scores may depend on past and present frames alone, as they must while an animal is watched",
    },
    "balance": {
        "type": "number",
        "minimum": 0,
        "maximum": 1,
        "default": 0.3,
        "description": "Weight of rare behaviours: 0 as they come, 1 each behaviour alike",
    },
}

POSE_BOOSTING = Model(
    name="pose-boosting",
    challenge="mabe-task1",
    summary="Egocentric pose and motion features, centred windows of several lengths, histogram gradient boosting",
    module="challengeflow_mabe_task1.pose_boosting",
    parameters=FEATURES
    | {
        "rows": {
            "type": "integer",
            "minimum": 100,
            "default": 12000,
            "description": "Most frames to train each part of the model on, evenly spread over the sequences",
        },
        "majority": {
            "type": "number",
            "exclusiveMinimum": 0,
            "maximum": 1,
            "default": 0.5,
            "description": "Largest share of `rows` one behaviour may take; weights make up for what is left out",
        },
        "parts": {
            "type": "integer",
            "minimum": 1,
            "default": 8,
            "description": "Boosted models to average; each has a seed of its own and sees other frames and features",
        },
        "features": {
            "type": "number",
            "exclusiveMinimum": 0,
            "maximum": 1,
            "default": 0.12,
            "description": "Share of the features each part sees, drawn at random",
        },
        "iterations": {"type": "integer", "minimum": 1, "default": 50, "description": "Boosting rounds of each part"},
        "leaves": {"type": "integer", "minimum": 2, "default": 15, "description": "Most leaves of a tree"},
        "learning_rate": {
            "type": "number",
            "exclusiveMinimum": 0,
            "default": 0.15,
            "description": "Step of each boosting round",
        },
    },
    resources={
        "train": Resources(mem_mb=2500, runtime=120),
        "predict": Resources(mem_mb=1500, runtime=60),
    },
)

OVER_TIME = FEATURES | {
    "windows": FEATURES["windows"] | {"default": []},
    "rate": {
        "type": "number",
        "exclusiveMinimum": 0,
        "default": 5,
        "description": "Steps a second that the network sees; each has mean and spread of the features of its frames",
    },
    "channels": {"type": "integer", "minimum": 1, "default": 64, "description": "Width of the network"},
    "dropout": {
        "type": "number",
        "minimum": 0,
        "exclusiveMaximum": 1,
        "default": 0.3,
        "description": "Share of each layer's outputs left out in training",
    },
    "input_dropout": {
        "type": "number",
        "minimum": 0,
        "exclusiveMaximum": 1,
        "default": 0.1,
        "description": "Share of the inputs left out in training",
    },
    "epochs": {"type": "integer", "minimum": 1, "default": 20, "description": "Most passes over the training data"},
    "patience": {
        "type": "integer",
        "minimum": 1,
        "default": 10,
        "description": "Epochs without a better score on the inner groups after which training stops",
    },
    "inner": {
        "type": "number",
        "minimum": 0,
        "maximum": 0.5,
        "default": 0.15,
        "description": "Share of the training groups held out for early stopping, others for each part; 0: none",
    },
    "parts": {
        "type": "integer",
        "minimum": 1,
        "default": 2,
        "description": "Networks to average, each with a seed and inner groups of its own",
    },
    "batch": {"type": "integer", "minimum": 1, "default": 16, "description": "Stretches of sequences in a batch"},
    "crop": {"type": "integer", "minimum": 8, "default": 512, "description": "Steps in a stretch"},
    "learning_rate": {
        "type": "number",
        "exclusiveMinimum": 0,
        "default": 0.002,
        "description": "Largest step of the optimiser (AdamW, one cycle)",
    },
    "weight_decay": {"type": "number", "minimum": 0, "default": 0.01, "description": "Pull of weights to zero"},
    "threads": {
        "type": "integer",
        "minimum": 1,
        "default": 1,
        "description": "Numeric threads; another number gives other last digits, so it is part of the model",
    },
}

OVER_TIME_NEEDS = {
    "train": Resources(mem_mb=3000, runtime=240, gpu=1),
    "predict": Resources(mem_mb=2000, runtime=60, gpu=1),
}

TEMPORAL_CONV = Model(
    name="temporal-conv",
    challenge="mabe-task1",
    summary="Dilated convolutions over the whole sequence of the same features (PyTorch; the plugin's extra 'torch')",
    module="challengeflow_mabe_task1.temporal_conv",
    env="mabe-task1-torch",
    parameters=OVER_TIME
    | {
        "layers": {
            "type": "integer",
            "minimum": 1,
            "default": 9,
            "description": "Dilated convolutions of a stage; each doubles how far the network looks (9: 102 s either way)",
        },
        "stages": {
            "type": "integer",
            "minimum": 1,
            "default": 1,
            "description": "Stages, each refining the answers of the one before",
        },
    },
    resources=OVER_TIME_NEEDS,
)

TEMPORAL_CONV_PRETRAINED = Model(
    name="temporal-conv-pretrained",
    challenge="mabe-task1",
    summary="temporal-conv, first trained without labels on all poses, those of the test sequences too (transductive)",
    module="challengeflow_mabe_task1.temporal_conv_pretrained",
    env="mabe-task1-torch",
    parameters=TEMPORAL_CONV.parameters
    | {
        "pretraining_epochs": {
            "type": "integer",
            "minimum": 1,
            "default": 20,
            "description": "Passes over the poses of training, test and unlabelled sequences, before labels are looked at",
        },
    },
    trains_on=("test", "unlabelled"),
    resources=OVER_TIME_NEEDS,
)

TEMPORAL_GRU = Model(
    name="temporal-gru",
    challenge="mabe-task1",
    summary="Recurrent networks over the whole sequence, forwards and backwards (PyTorch; the plugin's extra 'torch')",
    module="challengeflow_mabe_task1.temporal_gru",
    env="mabe-task1-torch",
    parameters=OVER_TIME
    | {
        "layers": {"type": "integer", "minimum": 1, "default": 1, "description": "Recurrent layers"},
    },
    resources=OVER_TIME_NEEDS,
)
