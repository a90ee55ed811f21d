"""The models that this plugin declares: their parameters, and what they need of a machine."""

from challengeflow import Model, Resources, boolean, integer, number

FEATURES = {
    "windows": {
        "type": "array",
        "items": {"type": "number", "exclusiveMinimum": 0},
        "default": [0.5, 2, 6, 20, 60],
        "description": "Lengths in seconds of the centred windows whose mean and spread enter the features",
    },
    "longest_gap": number(
        0.5, "Seconds of missing tracking to bridge in a straight line; longer gaps stay missing", minimum=0
    ),
    "axis": {
        "type": ["array", "null"],
        "items": {"type": ["integer", "string"], "minimum": 0},
        "minItems": 2,
        "maxItems": 2,
        "default": None,
        "description": "Parts, by number or name, the body axis runs from and to; null: tail base to neck where "
        "there are the seven MARS parts, else the two parts seen most often, the later one to the earlier",
    },
    "causal": boolean(
        False, "Whether scores may depend on past and present frames alone, as they must while an animal is watched"
    ),
    "exchange": boolean(
        False,
        "Whether the animals may change places, since the behaviours are those of the pair and not of a resident: "
        "trained on both orders of the two, answered by the mean over both",
    ),
    "balance": number(0.3, "Weight of rare behaviours: 0 as they come, 1 each behaviour alike", minimum=0, maximum=1),
}

POSE_BOOSTING = Model(
    name="pose-boosting",
    challenge="mabe-task1",
    summary="Egocentric pose and motion features, centred windows of several lengths, histogram gradient boosting",
    module="challengeflow_mabe_task1.models.pose_boosting",
    citation="Ke et al. (2017): LightGBM: A Highly Efficient Gradient Boosting Decision Tree. NeurIPS",
    parameters=FEATURES
    | {
        "rows": integer(
            12000, "Most frames to train each part of the model on, evenly spread over the sequences", minimum=100
        ),
        "majority": number(
            0.5,
            "Largest share of `rows` one behaviour may take; weights make up for what is left out",
            above=0,
            maximum=1,
        ),
        "parts": integer(
            8, "Boosted models to average; each has a seed of its own and sees other frames and features", minimum=1
        ),
        "features": number(0.12, "Share of the features each part sees, drawn at random", above=0, maximum=1),
        "iterations": integer(50, "Boosting rounds of each part", minimum=1),
        "leaves": integer(15, "Most leaves of a tree", minimum=2),
        "learning_rate": number(0.15, "Step of each boosting round", above=0),
    },
    resources={
        "train": Resources(mem_mb=2500, runtime=120),
        "predict": Resources(mem_mb=1500, runtime=60),
    },
)

OVER_TIME = FEATURES | {
    "windows": FEATURES["windows"] | {"default": []},
    "rate": number(
        5, "Steps a second that the network sees; each has mean and spread of the features of its frames", above=0
    ),
    "channels": integer(64, "Width of the network", minimum=1),
    "dropout": number(0.3, "Share of each layer's outputs left out in training", minimum=0, below=1),
    "input_dropout": number(0.1, "Share of the inputs left out in training", minimum=0, below=1),
    "epochs": integer(20, "Most passes over the training data", minimum=1),
    "patience": integer(10, "Epochs without a better score on the inner groups after which training stops", minimum=1),
    "inner": number(
        0.15,
        "Share of the training groups held out for early stopping, others for each part; 0: none",
        minimum=0,
        maximum=0.5,
    ),
    "parts": integer(2, "Networks to average, each with a seed and inner groups of its own", minimum=1),
    "batch": integer(16, "Stretches of sequences in a batch", minimum=1),
    "crop": integer(512, "Steps in a stretch", minimum=8),
    "learning_rate": number(0.002, "Largest step of the optimiser (AdamW, one cycle)", above=0),
    "weight_decay": number(0.01, "Pull of weights to zero", minimum=0),
    "threads": integer(
        1, "Numeric threads; another number gives other last digits, so it is part of the model", minimum=1
    ),
}

OVER_TIME_NEEDS = {
    "train": Resources(mem_mb=3000, runtime=240, gpu=1),
    "predict": Resources(mem_mb=2000, runtime=60, gpu=1),
}

TEMPORAL_CONV = Model(
    name="temporal-conv",
    challenge="mabe-task1",
    summary="Dilated convolutions over the whole sequence of the same features (PyTorch; the plugin's extra 'torch')",
    module="challengeflow_mabe_task1.models.temporal_conv",
    citation="Farha and Gall (2019): MS-TCN: Multi-Stage Temporal Convolutional Network for Action Segmentation. CVPR",
    by_default=False,
    env="mabe-task1-torch",
    parameters=OVER_TIME
    | {
        "layers": integer(
            9,
            "Dilated convolutions of a stage; each doubles how far the network looks (9: 102 s either way)",
            minimum=1,
        ),
        "stages": integer(1, "Stages, each refining the answers of the one before", minimum=1),
    },
    resources=OVER_TIME_NEEDS,
)

TEMPORAL_CONV_PRETRAINED = Model(
    name="temporal-conv-pretrained",
    challenge="mabe-task1",
    summary="temporal-conv, first trained without labels on all poses, those of the test sequences too (transductive)",
    module="challengeflow_mabe_task1.models.temporal_conv_pretrained",
    citation="van den Oord, Li and Vinyals (2018): Representation Learning with Contrastive Predictive Coding. "
    "arXiv:1807.03748",
    by_default=False,
    env="mabe-task1-torch",
    parameters=dict(TEMPORAL_CONV.parameters)
    | {
        "pretraining_epochs": integer(
            20,
            "Passes over the poses of training, test and unlabelled sequences, before labels are looked at",
            minimum=1,
        ),
    },
    trains_on=("test", "unlabelled"),
    resources=OVER_TIME_NEEDS,
)

TEMPORAL_GRU = Model(
    name="temporal-gru",
    challenge="mabe-task1",
    summary="Recurrent networks over the whole sequence, forwards and backwards (PyTorch; the plugin's extra 'torch')",
    module="challengeflow_mabe_task1.models.temporal_gru",
    citation="Cho et al. (2014): Learning Phrase Representations using RNN Encoder-Decoder for Statistical Machine "
    "Translation. EMNLP",
    by_default=False,
    env="mabe-task1-torch",
    parameters=OVER_TIME
    | {
        "layers": integer(1, "Recurrent layers", minimum=1),
    },
    resources=OVER_TIME_NEEDS,
)

MODELS = (POSE_BOOSTING, TEMPORAL_CONV, TEMPORAL_CONV_PRETRAINED, TEMPORAL_GRU)
