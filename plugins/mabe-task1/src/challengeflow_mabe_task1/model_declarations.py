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
            "default": 20000,
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
            "default": 3,
            "description": "Boosted models to average; each has a seed of its own and sees other frames and features",
        },
        "features": {
            "type": "number",
            "exclusiveMinimum": 0,
            "maximum": 1,
            "default": 0.2,
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
