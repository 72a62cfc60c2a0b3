"""Parameters that every op with a learned weight shares: parametrization, initialization, bias."""

from __future__ import annotations

from gandsl.ir.op import TWICE, Call, Param, Shape, State, Trait

WEIGHTED = TWICE | {Trait.WEIGHTED}

INITS = (
    "auto",
    "normal",
    "uniform",
    "fan_in_uniform",
    "he_normal",
    "xavier_uniform",
    "xavier_normal",
    "orthogonal",
    "zeros",
    "ones",
)

WEIGHT_PARAMS = (
    Param(
        "weight",
        "enum",
        "none",
        choices=("none", "equalized", "spectral", "normalized", "forced"),
        doc="as it is; equalized learning rate (arXiv:1710.10196); spectral norm (arXiv:1802.05957); "
        "each output's weights brought to one norm (arXiv:1602.07868, arXiv:2312.02696); forced: what is "
        "stored, too, after each optimizer step",
    ),
    Param(
        "gain",
        "float",
        1.0,
        doc="equalized: the weight is used as w · gain / √fan_in; normalized and forced: as w · gain / ‖w‖, "
        "by output",
    ),
    Param(
        "lr_multiplier",
        "float",
        1.0,
        minimum=1e-6,
        doc="weight and bias are stored divided by this and used times this",
    ),
    Param(
        "init",
        "enum",
        "auto",
        choices=INITS,
        doc="initial weight; auto: normal for equalized, normalized and forced, else uniform in ±1/√fan_in",
    ),
    Param(
        "init_scale",
        "float",
        1.0,
        minimum=0.0,
        doc="standard deviation of normal, half width of uniform, gain of the others",
    ),
    Param("spectral_eps", "float", 1e-12, minimum=0.0, doc="spectral: added to norms in the power iteration"),
    Param(
        "spectral_eval",
        "bool",
        True,
        doc="spectral: iterate in evaluation too, without saving; false: as torch's own does",
    ),
)

BIAS_PARAMS = (
    Param("bias", "bool", True, doc="add a learned bias"),
    Param("bias_init", "float", 0.0, doc="initial bias"),
)


def weight_and_bias(weight: Shape, call: Call, bias_size: int) -> State:
    """The learned tensors of an op with a weight and, if `bias` says so, a bias."""
    state = {"weight": weight}
    if call.attrs.get("bias"):
        state["bias"] = (bias_size,)
    return state


def spectral_buffers(call: Call, rows: int, columns: int) -> State:
    """The power iteration's vectors and the last top singular value, in BigGAN-PyTorch's names.

    The right vector is kept only where evaluation does not iterate: elsewhere it follows from the left one.
    """
    if call.weight != "spectral":
        return {}
    return {"u0": (1, rows), "sv0": (1,), **({} if call.spectral_eval else {"v0": (1, columns)})}
