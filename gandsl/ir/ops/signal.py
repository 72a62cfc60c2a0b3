"""Signals by frequency: short-time Fourier transforms, and their bands as one hears them."""

from __future__ import annotations

from gandsl.ir.op import TWICE, Call, Keep, Op, Param, Port, Product, Products, ShapeError
from gandsl.ir.types import TensorType, feature

PARTS = ("magnitude", "power", "complex")


def _frames(call: Call) -> TensorType:
    x = call.input("x")
    length = x.sides[0] + (2 * (call.window // 2) if call.center else 0)
    if call.center and call.window // 2 >= x.sides[0]:
        raise ShapeError(
            "G0208", f"half a window of {call.window} is too wide to be reflected from {x.sides[0]}", "window"
        )
    if length < call.window:
        raise ShapeError("G0214", f"a window of {call.window} does not fit into {x.sides[0]}", "window")
    channels = x.shape[0] * (2 if call.part == "complex" else 1)
    return feature(channels, call.window // 2 + 1, (length - call.window) // call.hop + 1)


def _windowed(call: Call, out: TensorType) -> int:
    """The frames under their window."""
    return call.input("x").shape[0] * out.sides[1] * call.window


def _spectrum(call: Call, out: TensorType) -> int:
    """The complex numbers, of which the derivative of a magnitude or power reads both parts."""
    return 2 * out.elements


def _bands(call: Call) -> TensorType:
    x = call.input("x")
    high = call.rate / 2 if call.high is None else call.high
    if not 0 <= call.low < high <= call.rate / 2:
        raise ShapeError(
            "G0208",
            f"bands lie between 0 and half the rate, {call.rate / 2:g} Hz: not from {call.low:g} to {high:g}",
            "high" if call.high is not None else "low",
        )
    if x.sides[0] < 2:
        raise ShapeError("G0214", f"{x} has one frequency", "x", help="`stft` makes them of a signal")
    return feature(x.shape[0], call.bands, x.sides[1])


def _products(call: Call, out: TensorType) -> Products:
    return (Product(out.elements * call.input("x").sides[0], ("x",), ()),)


OPS = (
    Op(
        "stft",
        (Port("x", ("Feature",), sides=(1,)),),
        (
            Param("window", "int", 1024, minimum=2, doc="samples of a frame, under Hann's window"),
            Param("hop", "int", 256, minimum=1, doc="samples from frame to frame"),
            Param("part", "enum", "magnitude", choices=PARTS, doc="complex: real parts, then imaginary ones"),
            Param(
                "center", "bool", True, doc="reflect half a window at both ends, so that frames begin there"
            ),
            Param("eps", "float", 1e-9, minimum=0.0, doc="added under the root of a magnitude"),
        ),
        output=_frames,
        traits=TWICE,
        keeps=(
            Keep("x", mask=True, when=lambda call: call.center),
            Keep("frames", extra=_windowed, mask=True),
            Keep("spectrum", extra=_spectrum, when=lambda call: call.part != "complex"),
            Keep("output", when=lambda call: call.part == "magnitude"),
        ),
        example={"x": (2, 24), "window": 8, "hop": 4},
        doc="Short-time Fourier transform: a feature of frequencies by frames.",
        source="Allen and Rabiner 1977; Kong et al. 2020 (HiFi-GAN, arXiv:2010.05646), section 2.4",
    ),
    Op(
        "mel",
        (Port("x", ("Feature",), sides=(2,), doc="frequencies by frames, from 0 to half the rate"),),
        (
            Param("bands", "int", 80, minimum=1),
            Param("rate", "float", minimum=1.0, doc="samples a second"),
            Param("low", "float", 0.0, minimum=0.0, doc="Hz where the first band begins"),
            Param(
                "high", "float", None, minimum=0.0, doc="Hz where the last band ends; default half the rate"
            ),
        ),
        output=_bands,
        products=_products,
        traits=TWICE,
        example={"rate": 16000.0, "bands": 3},
        doc="Frequencies summed in triangles, evenly spaced on the mel scale, each of area 1.",
        source="Slaney 1998 (Auditory Toolbox), whose scale and area librosa takes by default",
    ),
)
