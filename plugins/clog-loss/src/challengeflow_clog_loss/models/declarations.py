"""The models this plugin declares: names, parameters with their defaults, resources. Nothing heavy is imported here."""

from challengeflow import Model, Resources, boolean, integer, number

METADATA_ONLY = Model(
    name="metadata-only",
    challenge="clog-loss",
    summary="A control: number of frames, frame size and the region's geometry, no pixel; what it reaches is no motion",
    module="challengeflow_clog_loss.models.metadata_only",
    resources={
        "train": Resources(mem_mb=600, runtime=15, mem_mb_per_1000=2),
        "predict": Resources(mem_mb=600, runtime=15),
    },
)

ROI_FEATURES = Model(
    name="roi-features",
    challenge="clog-loss",
    summary="Motion of cells along the outlined vessel, against the vessels around; boosting and logistic regression",
    module="challengeflow_clog_loss.models.roi_features",
    citation="Giblin et al. (2022): High Throughput Detection of Capillary Stalling Events with Bessel Beam Two-Photon "
    "Microscopy. bioRxiv, DOI 10.1101/2022.12.16.520779",
    parameters={
        "bags": integer(4, "Boosted ensembles that are averaged.", minimum=1),
        "iterations": integer(60, "Trees of each boosted ensemble.", minimum=1),
        "boosting_share": number(
            0.5, "Weight of boosting in the blend with logistic regression.", minimum=0, maximum=1
        ),
    },
    # Of all 573,048 videos a fold takes about 3 hours on one core (docs/records/scale.md).
    resources={
        "train": Resources(mem_mb=800, runtime=30, mem_mb_per_1000=4, runtime_per_1000=1),
        "predict": Resources(mem_mb=700, runtime=20, runtime_per_1000=10),
    },
)

STAGES = {
    "type": "array",
    "minItems": 1,
    "items": {
        "type": "object",
        "additionalProperties": False,
        "required": ["flowing", "tier1_only", "epochs"],
        "properties": {
            "flowing": {"type": ["number", "null"], "exclusiveMinimum": 0},
            "tier1_only": {"type": "boolean"},
            "epochs": {"type": "integer", "minimum": 1},
        },
    },
    "description": (
        "Stages of the training, each going on from the one before: most flowing videos for each stalled one (null: "
        "all; those that the crowd took for stalled first), whether videos that only the crowd judged are left out, "
        "epochs."
    ),
}

ON_CLIPS = {
    "view": {
        "enum": ["region", "straightened"],
        "default": "region",
        "description": (
            "What the network is shown: the region as it is, or its vessel pulled straight, 11 pixels across, by "
            "`size` places of 2 pixels along it: less to compute, and far less to learn from few videos."
        ),
    },
    "frames": integer(32, "Frames of a clip.", minimum=4),
    "size": integer(
        64, "Rows and columns of a clip; a region that is larger is shrunk, a smaller one is not enlarged.", minimum=16
    ),
    "sampling": {
        "enum": ["centre", "pad", "uniform", "sliding"],
        "default": "centre",
        "description": (
            "Which frames: successive ones (in training from anywhere, else from the middle), a short video mirrored "
            "in time (centre) or followed by empty frames (pad); as centre, but clips all along the video averaged "
            "(sliding); spread over the video, which stretches time (uniform)."
        ),
    },
    "outline": {
        "enum": ["channel", "blank", "ignore"],
        "default": "channel",
        "description": "What the network sees of the outline: a second channel, only what is inside, or nothing.",
    },
    "stages": STAGES | {"default": [{"flowing": None, "tier1_only": False, "epochs": 20}]},
    "crowd_from": number(
        0.6,
        "Stalled videos that only the crowd judged are trained on from this crowd score on.",
        minimum=0.5,
        maximum=1,
    ),
    "stalled_share": number(
        0.25,
        "Share of stalled videos in each batch; answers are moved back to the training videos' own share.",
        above=0,
        below=1,
    ),
    "augmentation": boolean(
        True, "Whether training clips are flipped (time too), turned, shifted, made noisier or brighter, lose frames."
    ),
    "batch": integer(16, "Clips in a batch.", minimum=2),
    "batches": {
        "type": ["integer", "null"],
        "minimum": 1,
        "default": None,
        "description": "Batches in an epoch; null: about as many clips as the stage has videos.",
    },
    "patience": integer(
        8, "Epochs without a better ranking of the inner projects after which a stage stops.", minimum=1
    ),
    "inner": number(
        0.15, "Share of the training projects held out for early stopping, on AUC; 0: none.", minimum=0, maximum=0.5
    ),
    "learning_rate": number(0.002, "Largest step of the optimiser (AdamW, one cycle a stage).", above=0),
    "weight_decay": number(0.02, "Pull of weights to zero.", minimum=0),
    "dropout": number(0.2, "Share of the last features left out in training.", minimum=0, below=1),
    "average_flips": {
        "enum": ["none", "time", "all"],
        "default": "time",
        "description": "Flips over which predictions are averaged: none; time; time, rows and columns (eight passes).",
    },
    "start_from": {
        "type": ["string", "null"],
        "default": None,
        "format": "path",
        "description": "Folder of a trained model to go on from, or of a variant with a folder for each fold.",
    },
    "threads": integer(
        1, "Numeric threads; another number gives other last digits, so it is part of the model.", minimum=1
    ),
}

PRETRAINED = {
    "type": ["string", "null"],
    "default": None,
    "format": "path",
    "description": "Local file with weights of the 2D network (.pth, .safetensors) to start from; none is downloaded.",
}

KYMOGRAPH_NET = Model(
    name="kymograph-net",
    challenge="clog-loss",
    summary="A small 2D network over time and place along the straightened vessel; needs few videos (extra 'torch')",
    module="challengeflow_clog_loss.models.networks.kymograph_net",
    by_default=False,
    env="clog-loss-torch",
    parameters={name: value for name, value in ON_CLIPS.items() if name != "outline"}
    | {
        "view": {
            "enum": ["straightened"],
            "default": "straightened",
            "description": "The vessel pulled straight, 11 pixels across, by `size` places of 2 pixels along it.",
        },
        "size": ON_CLIPS["size"] | {"default": 48},
        "stages": STAGES | {"default": [{"flowing": None, "tier1_only": False, "epochs": 25}]},
        "learning_rate": ON_CLIPS["learning_rate"] | {"default": 0.003},
        "average_flips": ON_CLIPS["average_flips"] | {"default": "all"},
        # stopped early in the middle of its cycle, networks of different folds answer on different scales
        "inner": ON_CLIPS["inner"] | {"default": 0},
        "width": integer(24, "Channels of the first layer.", minimum=4),
    },
    resources={
        "train": Resources(mem_mb=2500, runtime=240, gpu=1),
        "predict": Resources(mem_mb=1500, runtime=60, gpu=1),
    },
)

RESNET3D_SMALL = Model(
    name="resnet3d-small",
    challenge="clog-loss",
    summary="A 3D ResNet of ten layers on clips of the region, sized for a CPU (PyTorch; the plugin's extra 'torch')",
    module="challengeflow_clog_loss.models.networks.resnet3d_small",
    citation="He, Zhang, Ren and Sun (2016): Deep Residual Learning for Image Recognition. CVPR",
    by_default=False,
    env="clog-loss-torch",
    parameters=ON_CLIPS | {"width": integer(16, "Channels of the first layer.", minimum=4)},
    resources={
        "train": Resources(mem_mb=3000, runtime=480, gpu=1),
        "predict": Resources(mem_mb=2000, runtime=120, gpu=1),
    },
)

TIMM_TEMPORAL = Model(
    name="timm-temporal",
    challenge="clog-loss",
    summary="Any 2D network of timm over groups of frames, pooled or shifted over time (the plugin's extra 'timm')",
    module="challengeflow_clog_loss.models.networks.timm_temporal",
    citation="Wightman (2019): PyTorch Image Models. https://github.com/huggingface/pytorch-image-models",
    by_default=False,
    env="clog-loss-timm",
    parameters=ON_CLIPS
    | {
        "backbone": {
            "type": "string",
            "default": "mobilenetv4_conv_small_050",
            "description": "Name of a timm network, as timm.list_models() gives it.",
        },
        "group": integer(3, "Successive frames in a group.", minimum=1),
        "step": integer(2, "Frames from one group to the next.", minimum=1),
        "shift": boolean(True, "Whether groups hand some channels to their neighbours between the network's stages."),
        "pretrained": PRETRAINED,
    },
    resources={
        "train": Resources(mem_mb=4000, runtime=480, gpu=1),
        "predict": Resources(mem_mb=3000, runtime=120, gpu=1),
    },
)

DENSENET3D = Model(
    name="densenet3d",
    challenge="clog-loss",
    summary="DenseNet-121 in 3D after the challenge's winner, trained in three stages; for a GPU (extra 'torch')",
    module="challengeflow_clog_loss.models.networks.densenet3d",
    citation=(
        "Solovyev, Kalinin and Gabruseva (2021): 3D Convolutional Neural Networks for Stalled Brain Capillary "
        "Detection. arXiv:2104.01687"
    ),
    by_default=False,
    env="clog-loss-torch",
    parameters=ON_CLIPS
    | {
        "frames": ON_CLIPS["frames"] | {"default": 64},
        "size": ON_CLIPS["size"] | {"default": 128},
        "sampling": ON_CLIPS["sampling"] | {"default": "sliding"},
        "stages": STAGES
        | {
            "default": [
                {"flowing": 1, "tier1_only": False, "epochs": 30},
                {"flowing": 4, "tier1_only": False, "epochs": 30},
                {"flowing": 10, "tier1_only": True, "epochs": 15},
            ]
        },
        "learning_rate": ON_CLIPS["learning_rate"] | {"default": 0.0003},
        "dropout": ON_CLIPS["dropout"] | {"default": 0.5},
        "average_flips": ON_CLIPS["average_flips"] | {"default": "all"},
        "blocks": {
            "type": "array",
            "items": {"type": "integer", "minimum": 1},
            "minItems": 1,
            "default": [6, 12, 24, 16],
            "description": "Layers of each block; 6, 12, 24, 16 is DenseNet-121.",
        },
        "growth": integer(32, "Channels that each layer adds.", minimum=1),
        "pretrained": PRETRAINED,
    },
    resources={
        "train": Resources(mem_mb=24000, runtime=2880, gpu=1),
        "predict": Resources(mem_mb=6000, runtime=480, gpu=1),
    },
)

MODELS = (METADATA_ONLY, ROI_FEATURES, KYMOGRAPH_NET, RESNET3D_SMALL, TIMM_TEMPORAL, DENSENET3D)
