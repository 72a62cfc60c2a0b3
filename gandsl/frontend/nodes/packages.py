"""The ops that a document may use beside the language's own: those of the packages that it requires."""

from __future__ import annotations

from gandsl.diagnostics import Diagnostics, Span
from gandsl.diagnostics.suggest import did_you_mean
from gandsl.frontend.context import Context
from gandsl.frontend.unfolder import Unfolder
from gandsl.ir.op import Op
from gandsl.ir.packages import OPS as GROUP
from gandsl.ir.packages import MissingPackage, PackageFault, check, everywhere, ops_of
from gandsl.spec.document import Document


def require(document: Document, diagnostics: Diagnostics) -> dict[str, dict[str, Op]]:
    """Prefix → its ops, of each package that can be used; the others are reported."""
    found: dict[str, dict[str, Op]] = {}
    for prefix, package in document.requires.items():
        try:
            check(prefix, package.text)
            found[prefix] = ops_of(prefix, package.text)
        except PackageFault as fault:
            code = "G0411" if isinstance(fault, MissingPackage) else "G0412"
            diagnostics.add(code, fault.message, package.span, help=fault.remedy)
    return found


def usable(unfolder: Unfolder, home: Document) -> dict[str, dict[str, Op]]:
    """What a file requires, looked up once."""
    required = unfolder.tally.required
    if id(home) not in required:
        required[id(home)] = require(home, unfolder.library.diagnostics)
    return required[id(home)]


def find_op(unfolder: Unfolder, name: str, home: Document) -> Op | None:
    """An op that a file may name: of the language, or of a package that it requires."""
    if name in unfolder.ops:
        return unfolder.ops[name]
    return usable(unfolder, home).get(name.rpartition(".")[0], {}).get(name)


def reported_added(unfolder: Unfolder, name: str, span: Span, context: Context) -> bool:
    """Whether `prefix.name`, which is no op here, is meant as a package's; reported then.

    A package that cannot be used has been reported where it is required.
    """
    prefix, _, local = name.rpartition(".")
    required, ops = context.home.requires, usable(unfolder, context.home)
    if prefix in ops:
        message = f"the package `{required[prefix].text}` has no op `{local}`"
        unfolder.at(context).add("G0201", message, span, help=did_you_mean(name, [*ops[prefix]]))
    if not prefix or prefix in required:
        return bool(prefix)
    package = next((package for package, entry in everywhere(GROUP) if entry.name == prefix), None)
    if package:
        message = f"there is no op `{name}`: the file requires no package as `{prefix}`"
        help = f"add `requires: {{{prefix}: {package}}}`, whose op it is"
        unfolder.at(context).add("G0201", message, span, help=help)
    return package is not None
