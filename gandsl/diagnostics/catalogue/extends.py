"""G04xx: extends, imports and patches."""

from gandsl.diagnostics.code import Code

ROWS = (
    Code(
        "G0401",
        "error",
        "files refer to each other in a circle",
        means="""
        A file extends itself, directly or through others; or more than 16 files extend each other. (Imports
        may be mutual: a file of blocks is read when one of them is used.)""",
        example="""
        # a.yaml
        extends: b.yaml
        # b.yaml
        extends: a.yaml""",
        mend="break the circle that the message shows; move what both need into a third file.",
    ),
    Code(
        "G0402",
        "error",
        "file not found",
        means="""
        The spec itself, or a file that `extends` or `imports` names, does not exist. A relative path is
        looked up beside the file that names it (on a command line: here), then in each folder of GANDSL_PATH,
        then among the specs that gandsl has (`gandsl specs`), then in the standard library; one that climbs
        (`../base.yaml`) only beside that file.""",
        example="""
        extends: bsae.yaml""",
        mend="correct the path; the message lists the places that were tried.",
    ),
    Code(
        "G0403",
        "error",
        "patch path leads nowhere",
        means="""
        A patch, a `set` or `--set` names a place that the base does not have. A path names keys from the top
        of the spec, joined by dots; `body` may be left out.""",
        example="""
        patch:
          - delete: discriminator.head.stdev""",
        mend="""
        correct the path: the message says how far it leads and what is there. `gandsl show` prints the
        resolved spec.""",
    ),
    Code(
        "G0404",
        "error",
        "name exists already",
        means="""
        A patch inserts a node under a name that is taken, or a file adds a parameter, `let`, block or import
        that its base has. Replacing in silence is how ablations go wrong.""",
        example="""
        extends: base.yaml
        params: {resolution: 128}        # the base declares resolution""",
        mend="""
        to change the base's value use `set: {params.resolution: 128}` or a `replace` patch; to add another
        thing choose another name.""",
    ),
    Code(
        "G0405",
        "error",
        "unknown import",
        means="""
        `lib.NAME` is used, but no file is imported as `lib`, or that file has no block NAME.""",
        example="""
        b: {block: lib.attention}        # without imports: {lib: ...}""",
        mend="add `imports: {lib: ./lib.yaml}`, or correct the name.",
    ),
    Code(
        "G0406",
        "error",
        "malformed patch",
        means="""
        A patch is a list of steps, each with exactly one of `set`, `insert_before`, `insert_after`,
        `replace` and `delete`. An insertion needs `at`, `name` and `node`, a replacement `at` and
        `node`.""",
        example="""
        patch:
          - insert_after: {at: discriminator.stages, node: {block: attention}}     # which name?""",
        mend="complete the step as the message says.",
    ),
    Code(
        "G0407",
        "error",
        "required field removed",
        means="""
        Setting a field to null removes it, which only an optional field allows.""",
        example="""
        set: {generator.body: null}""",
        mend="set another value, or remove an optional field.",
    ),
    Code(
        "G0408",
        "error",
        "moved id does not exist",
        means="""
        `moved:` maps ids of the base, or of an earlier form of the spec, to new places: weights that were
        trained under the old ids still load. The new place is no node of this spec, the old one still is a
        node of it, or two ids move to one place.""",
        example="""
        moved: {discriminator.b4: discriminator.haed}""",
        mend="correct the ids; `gandsl show --ir` lists them.",
    ),
    Code(
        "G0409",
        "error",
        "patch step without `extends`",
        means="`set` and `patch` change a base, and the file extends none.",
        example="""
        gandsl: 1
        name: mine
        set: {training.batch: 16}""",
        mend="add `extends: base.yaml`, or write the value where it belongs.",
    ),
    Code(
        "G0410",
        "error",
        "not a field that can be changed",
        means="""
        `gandsl`, `extends`, `set` and `patch` say what a file is and what it makes of its base. They are done
        with before the changes of a `set`, a patch or `--set` are applied, so changing them would do
        nothing.""",
        example="""
        set: {extends: other.yaml}       # or: gandsl check mine.yaml --set extends=other.yaml""",
        mend="""
        write another spec that extends what is meant; give single changes by their own paths, such as
        `--set training.batch=16`.""",
    ),
    Code(
        "G0411",
        "error",
        "required package missing",
        means="""
        `requires:` names a package that is not installed, or one that offers no ops or passes under this
        name.""",
        example="""
        requires: {fancy: gandsl-fancy}      # and gandsl-fancy is not installed""",
        mend="""
        install the package, or correct its name. On the left stands the name under which the package offers
        its ops, on the right the package as `pip install` takes it.""",
    ),
    Code(
        "G0412",
        "error",
        "required package cannot be used",
        means="""
        A package that `requires:` names is installed, but what it adds to gandsl does not load, is no op, or
        fails where it is used. That is the package's fault.""",
        example="""
        requires: {fancy: gandsl-fancy}      # whose module of ops does not load""",
        mend="update the package, or tell its authors what the message says.",
    ),
    Code(
        "G0413",
        "error",
        "a base that has a base",
        means="""
        Of several files under `extends:` the first is the base, and each other one changes what stands before
        it: so it cannot extend a base of its own.""",
        example="""
        extends: [base.yaml, more.yaml]      # and more.yaml has an `extends:`""",
        mend="put the file that has a base first, or take its `extends:` away: then it holds changes alone.",
    ),
)
