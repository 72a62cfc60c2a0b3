"""Names that modules have for themselves: a node of a network that becomes a module has `NAME_` in ids."""

from __future__ import annotations

# The attributes of torch's modules, which every module has: a test compares the lists with the classes. A
# name that a later torch takes is added: a node's weights have another key then, and `moved:` finds the old.
MODULES = frozenset(
    """
    T_destination add_module apply bfloat16 buffers call_super_init children compile cpu cuda double
    dump_patches eval extra_repr float forward get_buffer get_extra_state get_parameter get_submodule
    half ipu load_state_dict modules mtia named_buffers named_children named_modules named_parameters
    parameters register_backward_hook register_buffer register_forward_hook register_forward_pre_hook
    register_full_backward_hook register_full_backward_pre_hook register_load_state_dict_post_hook
    register_load_state_dict_pre_hook register_module register_parameter register_state_dict_post_hook
    register_state_dict_pre_hook requires_grad_ set_extra_state set_submodule share_memory state_dict to
    to_empty train training type xpu zero_grad
    """.split()  # noqa: SIM905 - a list of words
)
# those of our networks besides: taken at the top of a network's body, and free within a block
NETWORKS = frozenset(
    "inputs outputs levels recomputed moved has_styles program call need_styles".split()  # noqa: SIM905
)


def is_reserved(id_: str) -> bool:
    """Whether the last name of an id is taken where it stands: no module can have it."""
    above, _, name = id_.rpartition(".")
    return name in MODULES or (not above and name in NETWORKS)
