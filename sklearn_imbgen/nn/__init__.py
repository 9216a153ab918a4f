"""What all networks share: modules, losses, batches, the trainer, seeding, device.

The skorch nets' parts are imported by their own names, ``nn.skorch_net`` and
``nn.skorch_batches``, so that the samplers do not wait for skorch.
"""

from sklearn_imbgen.nn.batches import balanced_batches, plain_batches
from sklearn_imbgen.nn.device import (
    compute_settings,
    limited_threads,
    resolve_device,
    thread_share,
)
from sklearn_imbgen.nn.losses import (
    classification_loss,
    cluster_loss,
    realness_loss,
    reconstruction_loss,
    weight_penalty,
)
from sklearn_imbgen.nn.modules import (
    ConditionalNetwork,
    OneHotBlocks,
    WithHead,
    apply_in_chunks,
    build_module,
    check_output_shape,
    hidden_widths,
    linear,
    multilayer_perceptron,
)
from sklearn_imbgen.nn.networks import (
    CosineLinear,
    FeatureCapture,
    ResidualNetwork,
    Standardize,
    TableNetwork,
    check_logits,
    evaluation_mode,
    find_layer,
    last_linear,
    replace_layer,
)
from sklearn_imbgen.nn.seeding import draw_seed, isolated_rng, torch_generator
from sklearn_imbgen.nn.trainer import History, Schedule, Step, train

__all__ = [
    "ConditionalNetwork",
    "CosineLinear",
    "FeatureCapture",
    "History",
    "OneHotBlocks",
    "ResidualNetwork",
    "Schedule",
    "Standardize",
    "Step",
    "TableNetwork",
    "WithHead",
    "apply_in_chunks",
    "balanced_batches",
    "build_module",
    "check_logits",
    "check_output_shape",
    "classification_loss",
    "cluster_loss",
    "compute_settings",
    "draw_seed",
    "evaluation_mode",
    "find_layer",
    "hidden_widths",
    "isolated_rng",
    "last_linear",
    "limited_threads",
    "linear",
    "multilayer_perceptron",
    "plain_batches",
    "realness_loss",
    "reconstruction_loss",
    "replace_layer",
    "resolve_device",
    "thread_share",
    "torch_generator",
    "train",
    "weight_penalty",
]
