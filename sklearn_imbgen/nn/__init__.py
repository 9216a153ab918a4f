"""What all networks share: modules, losses, batches, the trainer, seeding, device."""

from sklearn_imbgen.nn.batches import balanced_batches, plain_batches
from sklearn_imbgen.nn.device import compute_settings, limited_threads, resolve_device
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
from sklearn_imbgen.nn.seeding import draw_seed, isolated_rng, torch_generator
from sklearn_imbgen.nn.trainer import History, Schedule, Step, train

__all__ = [
    "ConditionalNetwork",
    "History",
    "OneHotBlocks",
    "Schedule",
    "Step",
    "WithHead",
    "apply_in_chunks",
    "balanced_batches",
    "build_module",
    "check_output_shape",
    "classification_loss",
    "cluster_loss",
    "compute_settings",
    "draw_seed",
    "hidden_widths",
    "isolated_rng",
    "limited_threads",
    "linear",
    "multilayer_perceptron",
    "plain_batches",
    "realness_loss",
    "reconstruction_loss",
    "resolve_device",
    "torch_generator",
    "train",
    "weight_penalty",
]
