"""The models of this plugin: what they are called, what can be set, what they need."""

from challengeflow import Model, Resources, boolean, integer, number

PRINCIPAL = {
    "components": integer(30, "principal components; at most a third of the scans are used", minimum=1),
    "max_scans": integer(150, "train scans used, a random choice when there are more (12 MB each at 64^3)", minimum=4),
}

PCA_RESIDUAL = Model(
    name="pca-residual",
    challenge="mood",
    summary="robust z-scores of what the principal components of healthy scans leave unexplained",
    module="challengeflow_mood.models.pca_residual",
    parameters=PRINCIPAL,
    resources={"train": Resources(mem_mb=3000, runtime=60), "predict": Resources(mem_mb=1000, runtime=60)},
)

RESIDUAL_BOOSTING = Model(
    name="residual-boosting",
    challenge="mood",
    summary="gradient boosting on residuals, texture, symmetry and position, taught by made anomalies in healthy scans",
    module="challengeflow_mood.models.residual_boosting",
    citation="Ke et al. (2017): LightGBM: A Highly Efficient Gradient Boosting Decision Tree. NeurIPS",
    by_default=False,
    parameters=PRINCIPAL
    | {
        "cases": integer(300, "made cases to learn from, half of them healthy; at least two of every scan", minimum=4),
        "iterations": integer(150, "boosting rounds", minimum=1),
        "leaves": integer(31, "most leaves of a tree", minimum=2),
        "learning_rate": number(0.08, "step of each boosting round", above=0),
    },
    resources={"train": Resources(mem_mb=4000, runtime=120), "predict": Resources(mem_mb=1500, runtime=120)},
)

NETWORK = {
    "components": PRINCIPAL["components"],
    "max_scans": integer(
        1000, "train scans used, a random choice when there are more (0.8 MB each at 64^3)", minimum=4
    ),
    "channels": integer(24, "width of the first level, doubled at each", minimum=1),
    "steps": integer(1500, "most optimiser steps", minimum=1),
    "batch": integer(1, "made cases in a step", minimum=1),
    "learning_rate": number(0.002, "largest step of the optimiser (AdamW; a short way up, a cosine down)", above=0),
    "weight_decay": number(0.01, "pull of weights to zero", minimum=0),
    "abnormal": number(0.75, "share of the made cases that get an anomaly", minimum=0, maximum=1),
    "augment": boolean(True, "mirror, bend, shade and blur the scans at random"),
    "check_every": integer(100, "steps between checks on inner groups; each writes a checkpoint", minimum=1),
    "patience": integer(5, "checks without a better score on the inner groups after which training stops", minimum=1),
    "inner": number(
        0.2,
        "share of the training groups held out for early stopping and for the scale of scores; 0: none",
        minimum=0,
        maximum=0.5,
    ),
    "cases": integer(
        480, "made cases from which the voxel-wise net beside the network learns, half of them healthy", minimum=4
    ),
    "inner_cases": integer(24, "made cases of the inner groups, of other kinds than those trained on", minimum=2),
    "pretrained": {
        "type": ["boolean", "string", "null"],
        "default": False,
        "description": (
            "always false: the challenge forbids other data than its own, so weights from elsewhere are refused"
        ),
    },
    "threads": integer(
        1, "numeric threads; another number gives other last digits, so it is part of the model", minimum=1
    ),
}

UNET3D = Model(
    name="unet3d",
    challenge="mood",
    summary="3D U-Net with a head for the case, taught by made anomalies in healthy scans (PyTorch; the extra 'torch')",
    module="challengeflow_mood.models.unet3d",
    citation="Cho, Kang and Park (2022): Self-supervised 3D Out-of-Distribution Detection via Pseudoanomaly "
    "Generation. DOI 10.1007/978-3-030-97281-3_15",
    by_default=False,
    env="mood-torch",
    parameters=NETWORK
    | {
        "levels": integer(4, "resolutions of the U-Net", minimum=2),
        "stem": {
            "enum": [1, 2],
            "default": 2,
            "description": "voxels a side that the first convolution takes together; 1 is full resolution, for a GPU",
        },
        "patch": integer(
            64,
            "voxels a side of a patch; a larger grid goes through in 27 overlapping ones, with their position",
            minimum=16,
        ),
    },
    resources={
        "train": Resources(mem_mb=6000, runtime=600, gpu=1),
        "predict": Resources(mem_mb=2000, runtime=120, gpu=1),
    },
)

TIMM_SLICES = Model(
    name="timm-slices",
    challenge="mood",
    summary="an encoder of timm on slices, from random weights, taught by made anomalies (PyTorch; the extra 'timm')",
    module="challengeflow_mood.models.timm_slices",
    citation="Wightman (2019): PyTorch Image Models. https://github.com/huggingface/pytorch-image-models",
    by_default=False,
    env="mood-timm",
    parameters=NETWORK
    | {
        "channels": NETWORK["channels"] | {"default": 32, "description": "width of the decoder"},
        "learning_rate": NETWORK["learning_rate"] | {"default": 0.001},
        "encoder": {
            "type": "string",
            "default": "resnet10t",
            "description": "an encoder of timm that gives features at four resolutions; a name without weights",
        },
        "slices": integer(16, "slices of a made case in a step", minimum=1),
    },
    resources={
        "train": Resources(mem_mb=6000, runtime=600, gpu=1),
        "predict": Resources(mem_mb=2000, runtime=120, gpu=1),
    },
)
