"""The models of this plugin: what they are called, what can be set, what they need."""

from challengeflow import Model, Resources

PRINCIPAL = {
    "components": {
        "type": "integer",
        "minimum": 1,
        "default": 30,
        "description": "principal components; at most a third of the scans are used",
    },
    "max_scans": {
        "type": "integer",
        "minimum": 4,
        "default": 150,
        "description": "train scans used, a random choice when there are more (12 MB each at 64^3)",
    },
}

PCA_RESIDUAL = Model(
    name="pca-residual",
    challenge="mood",
    summary="robust z-scores of what the principal components of healthy scans leave unexplained",
    module="challengeflow_mood.pca_residual",
    parameters=PRINCIPAL,
    resources={"train": Resources(mem_mb=3000, runtime=60), "predict": Resources(mem_mb=1000, runtime=60)},
)

RESIDUAL_BOOSTING = Model(
    name="residual-boosting",
    challenge="mood",
    summary="gradient boosting on residuals, texture, symmetry and position, taught by made anomalies in healthy scans",
    module="challengeflow_mood.residual_boosting",
    parameters=PRINCIPAL
    | {
        "cases": {
            "type": "integer",
            "minimum": 4,
            "default": 300,
            "description": "made cases to learn from, half of them healthy; at least two of every scan",
        },
        "iterations": {"type": "integer", "minimum": 1, "default": 150, "description": "boosting rounds"},
        "leaves": {"type": "integer", "minimum": 2, "default": 31, "description": "most leaves of a tree"},
        "learning_rate": {
            "type": "number",
            "exclusiveMinimum": 0,
            "default": 0.08,
            "description": "step of each boosting round",
        },
    },
    resources={"train": Resources(mem_mb=4000, runtime=120), "predict": Resources(mem_mb=1500, runtime=120)},
)

NETWORK = {
    "max_scans": {
        "type": "integer",
        "minimum": 4,
        "default": 1000,
        "description": "train scans used, a random choice when there are more (0.8 MB each at 64^3)",
    },
    "channels": {
        "type": "integer",
        "minimum": 1,
        "default": 24,
        "description": "width of the first level, doubled at each",
    },
    "steps": {"type": "integer", "minimum": 1, "default": 700, "description": "most optimiser steps"},
    "batch": {"type": "integer", "minimum": 1, "default": 1, "description": "made cases in a step"},
    "learning_rate": {
        "type": "number",
        "exclusiveMinimum": 0,
        "default": 0.002,
        "description": "largest step of the optimiser (AdamW; a short way up, a cosine down)",
    },
    "weight_decay": {"type": "number", "minimum": 0, "default": 0.01, "description": "pull of weights to zero"},
    "abnormal": {
        "type": "number",
        "minimum": 0,
        "maximum": 1,
        "default": 0.75,
        "description": "share of the made cases that get an anomaly",
    },
    "augment": {"type": "boolean", "default": True, "description": "mirror, bend, shade and blur the scans at random"},
    "check_every": {
        "type": "integer",
        "minimum": 1,
        "default": 100,
        "description": "steps between checks on inner groups; each writes a checkpoint",
    },
    "patience": {
        "type": "integer",
        "minimum": 1,
        "default": 5,
        "description": "checks without a better score on the inner groups after which training stops",
    },
    "inner": {
        "type": "number",
        "minimum": 0,
        "maximum": 0.5,
        "default": 0.2,
        "description": "share of the training groups held out for early stopping and for the scale of scores; 0: none",
    },
    "inner_cases": {
        "type": "integer",
        "minimum": 2,
        "default": 24,
        "description": "made cases of the inner groups, of other kinds than those trained on",
    },
    "pretrained": {
        "type": ["boolean", "string", "null"],
        "default": False,
        "description": "always false: the challenge forbids other data than its own, so weights from elsewhere are refused",
    },
    "threads": {
        "type": "integer",
        "minimum": 1,
        "default": 1,
        "description": "numeric threads; another number gives other last digits, so it is part of the model",
    },
}

UNET3D = Model(
    name="unet3d",
    challenge="mood",
    summary="3D U-Net with a head for the case, taught by made anomalies in healthy scans (PyTorch; the extra 'torch')",
    module="challengeflow_mood.unet3d",
    env="mood-torch",
    parameters=NETWORK
    | {
        "levels": {"type": "integer", "minimum": 2, "default": 4, "description": "resolutions of the U-Net"},
        "stem": {
            "enum": [1, 2],
            "default": 2,
            "description": "voxels a side that the first convolution takes together; 1 is full resolution, for a GPU",
        },
        "patch": {
            "type": "integer",
            "minimum": 16,
            "default": 64,
            "description": "voxels a side of a patch; a larger grid goes through in 27 overlapping ones, with their position",
        },
    },
    resources={
        "train": Resources(mem_mb=4000, runtime=600, gpu=1),
        "predict": Resources(mem_mb=2000, runtime=120, gpu=1),
    },
)

TIMM_SLICES = Model(
    name="timm-slices",
    challenge="mood",
    summary="an encoder of timm on slices, from random weights, taught by made anomalies (PyTorch; the extra 'timm')",
    module="challengeflow_mood.timm_slices",
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
        "slices": {"type": "integer", "minimum": 1, "default": 16, "description": "slices of a made case in a step"},
    },
    resources={
        "train": Resources(mem_mb=4000, runtime=600, gpu=1),
        "predict": Resources(mem_mb=2000, runtime=120, gpu=1),
    },
)
