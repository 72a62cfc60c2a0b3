"""The tables of options in docs/checkpoints.md: `python -m tests.interop.option_tables` writes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from gandsl.interop.layouts import peer_options, r3gan, stylegan_options
from gandsl.interop.options import REQUIRED, Option
from gandsl.interop.peel import LocatedState

DOCS = Path(__file__).parent.parent.parent / "docs" / "checkpoints.md"
FIRST, LAST = "### StyleGAN2's generator\n", "## Safety\n"
SYNTHESIS = "synthesis_kwargs."  # before names that stylegan3 has without it
ADA, NEWER = "stylegan2-ada-pytorch", "stylegan3"

Tables = Mapping[str, Sequence[Option]]

SECTIONS: Mapping[str, Tables] = {
    "StyleGAN2's generator": {
        ADA: stylegan_options.generator(newer=False),
        NEWER: stylegan_options.generator(newer=True),
    },
    "StyleGAN2's discriminator, and StyleGAN3's": {
        ADA: stylegan_options.discriminator(newer=False),
        NEWER: stylegan_options.discriminator(newer=True),
    },
    "StyleGAN3's generator": {"default": stylegan_options.alias_free(LocatedState("", {}))},
    "R3GAN's generator": {"default": r3gan.GENERATOR_OPTIONS},
    "R3GAN's discriminator": {"default": r3gan.DISCRIMINATOR_OPTIONS},
    "BigGAN-PyTorch's generators": {
        "BigGAN": peer_options.BIGGAN_GENERATOR,
        "BigGAN-deep": peer_options.DEEP_GENERATOR,
    },
    "BigGAN-PyTorch's discriminators": {
        "BigGAN": peer_options.BIGGAN_DISCRIMINATOR,
        "BigGAN-deep": peer_options.DEEP_DISCRIMINATOR,
    },
    "pytorch-pretrained-biggan": {"default": peer_options.PRETRAINED},
    "rosinality's generator": {"default": peer_options.ROSINALITY_GENERATOR},
    "rosinality's discriminator": {"default": peer_options.ROSINALITY_DISCRIMINATOR},
    "genforce's generators": {
        "PGGAN": peer_options.PGGAN_GENERATOR,
        "StyleGAN": peer_options.STYLEGAN_GENERATOR,
        "StyleGAN2": peer_options.STYLEGAN2_GENERATOR,
    },
    "genforce's discriminators": {
        "PGGAN": peer_options.PGGAN_DISCRIMINATOR,
        "StyleGAN": peer_options.STYLEGAN_DISCRIMINATOR,
        "StyleGAN2": peer_options.STYLEGAN2_DISCRIMINATOR,
    },
    "DCGAN's generator": {"default": peer_options.DCGAN_GENERATOR},
    "DCGAN's discriminator": {"default": peer_options.DCGAN_DISCRIMINATOR},
}


def fate(option: Option) -> str:
    """What becomes of it, in words."""
    what = f": `{option.parameter}`" if option.parameter else f": {option.why}"
    return option.fate.value + what + (", with labels" if option.when else "")


def default(option: Option | None) -> str:
    """As Python writes it."""
    if option is None:
        return "–"
    value = option.default
    if value is REQUIRED:
        return ""
    shown = round(value, 4) if isinstance(value, float) else value
    return f"`{list(shown) if isinstance(shown, tuple) else shown}`"


def table(tables: Tables) -> list[str]:
    """One table: a line for each option, a column of defaults for each code that has it."""
    by_name = {
        title: {option.name.removeprefix(SYNTHESIS): option for option in options}
        for title, options in tables.items()
    }
    lines = [f"| option | {' | '.join(tables)} | |", "|" + "---|" * (len(tables) + 2)]
    for name in dict.fromkeys(name for options in by_name.values() for name in options):
        each = [options.get(name) for options in by_name.values()]
        known = next(option for option in each if option)
        lines.append(f"| `{known.name}` | {' | '.join(map(default, each))} | {fate(known)} |")
    return lines


def text() -> str:
    """All of them, with a heading each."""
    return "\n".join(
        line for title, tables in SECTIONS.items() for line in (f"### {title}", "", *table(tables), "")
    )


def main() -> None:
    """Write them into the page, from their first heading to the next chapter."""
    page = DOCS.read_text()
    head, _, rest = page.partition(FIRST)
    DOCS.write_text(f"{head}{text()}\n{LAST}{rest.partition(LAST)[2]}")


if __name__ == "__main__":
    main()
