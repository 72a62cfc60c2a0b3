"""Trees of boxes, where they lie, and the lines between them."""

from __future__ import annotations

from dataclasses import replace

from gandsl.analysis.cost import Cost, si
from gandsl.graph import svg
from gandsl.graph.geometry import Placed, connect, place
from gandsl.graph.tree import Box, Picture, opened, picture
from gandsl.graph.words import FAMILY, hover, lines
from gandsl.ir.ops import GAME_OPS, OPS
from tests import graphs
from tests.ir.graphs import Builder, discriminator, generator


def find(box: Box, id_: str) -> Box:
    if box.id == id_:
        return box
    for child in box.children:
        if id_ == child.id or id_.startswith(f"{child.id}."):
            return find(child, id_)
    raise KeyError(id_)


def styled() -> Picture:
    return picture(generator(stages=3), {})


def test_ids_make_the_tree_and_selects_are_told_in_words() -> None:
    root = styled().root
    assert {box.id for box in root.children} == {"z", "y", "mapping", "ws", "synthesis"}
    stage = find(root, "synthesis.s8")
    assert stage.stage
    assert find(picture(discriminator(), {}).root, "s8").what == "stage s8"
    assert find(root, "synthesis.s8.affine").conditions == ("x: ws[2]",)
    assert find(root, "synthesis.const").conditions == ("like: ws",)


def test_rows_go_down() -> None:
    root = styled().root
    stage = find(root, "synthesis.s8")
    row = {box.id.rpartition(".")[2]: index for index, row in enumerate(stage.rows) for box in row}
    assert row["conv"] < row["blur"] < row["noise"] < row["bias"] < row["act"] < row["rgb"] < row["sum"]
    assert row["affine"] == row["conv"] - 1 and row["rgb_affine"] == row["rgb"] - 1  # right above its reader
    ids = {box.id.rpartition(".")[2] for box in find(root, "synthesis").children}
    assert ids == {"const", "s4", "s8", "s16"}


def test_long_rows_go_on_below() -> None:
    b = Builder()
    x = b.input("x", "Feature", 3, 8, 8)
    many = [b.add(f"a{index}", "relu", x) for index in range(13)]
    root = picture(b.graph(b.add("sum", "add", many)), {}).root
    assert [len(row) for row in root.rows] == [1, 6, 6, 1, 1]


def test_a_group_of_one_is_the_one() -> None:
    b = Builder()
    x = b.add("up.resampled", "upsample", b.input("x", "Feature", 3, 8, 8))
    root = picture(b.graph(b.add("act", "relu", x)), {}).root
    assert [(box.id, box.title) for box in root.children][1] == ("up.resampled", "up.resampled")


def test_a_group_says_what_leaves_it_and_what_it_costs() -> None:
    costs = {"s8.conv": Cost(parameters=584, forward_flops=2000)}
    root = picture(discriminator(size=16), costs).root
    stage = find(root, "s8")
    assert lines(stage) == ["5 nodes → 8×4×4", "584 parameters, 2 k FLOPs"]
    mapping = find(styled().root, "mapping")
    assert lines(mapping) == ["6 nodes → 16"]


def test_a_shut_group_of_the_svg_says_what_it_reads_from_afar() -> None:
    pic = styled()
    assert find(pic.root, "synthesis.s8").conditions == ("reads ws",)
    assert find(pic.root, "mapping").conditions == ("reads y",)
    drawn = svg.render([("generator", pic)])
    assert drawn.count(">reads ws<") == 3  # s4, s8, s16


def test_boxes_do_not_overlap_and_lie_in_their_group() -> None:
    for pic in (styled(), picture(discriminator(), {})):
        for depth in (None, 0, 1, 9):
            placed = place(pic.root, opened(pic.root, depth))
            for group in placed.walk():
                for index, one in enumerate(group.inner):
                    assert group.x <= one.x and one.right <= group.right
                    assert group.y <= one.y and one.bottom <= group.bottom
                    assert not any(_overlap(one, other) for other in group.inner[index + 1 :])


def _overlap(a: Placed, b: Placed) -> bool:
    return a.x < b.right and b.x < a.right and a.y < b.bottom and b.y < a.bottom


def test_lines_end_at_what_is_visible() -> None:
    pic = styled()
    shut = place(pic.root, opened(pic.root))
    outside = [edge for edge in pic.lines if edge.target.startswith(("mapping", "ws"))]
    assert len(connect(pic, shut)) == len(outside) + 3  # const to s4, s4 to s8, s8 to s16
    everything = place(pic.root, opened(pic.root, 9))
    assert len(connect(pic, everything)) == len(pic.lines)


def test_a_line_past_other_boxes_takes_the_lane() -> None:
    b = Builder()
    x = b.input("x", "Feature", 3, 8, 8)
    a = b.add("a", "relu", x)
    pic = picture(b.graph(b.add("sum", "add", [a, x])), {})
    found = connect(pic, place(pic.root, opened(pic.root)))
    assert sorted(line.far for line in found) == [False, False, True]


def test_shut_and_open() -> None:
    root = styled().root
    assert opened(root) == {"", "mapping", "synthesis"}
    assert opened(root, 0) == {""}
    assert "synthesis.s8" in opened(root, 2)


def test_a_level_that_would_fill_the_page_stays_shut() -> None:
    b = Builder()
    x = b.input("x", "Feature", 3, 8, 8)
    for layer in range(15):
        x = b.add(f"body.L{layer}.inner.conv", "conv", x, channels=3)
        x = b.add(f"body.L{layer}.inner.act", "relu", x)
        x = b.add(f"body.L{layer}.norm", "pixel_norm", x)
    root = picture(b.graph(x), {}).root
    shown = opened(root)  # 16 boxes; 46 with all layers open
    assert {"", "body"} <= shown and not any(f"body.L{layer}" in shown for layer in range(15))
    assert "body.L3.inner" in shown  # who opens a layer sees all of it
    assert "body.L3" in opened(root, 2) and "body.L3.inner" not in opened(root, 2)


def test_hover_tells_everything() -> None:
    root = styled().root
    told = dict(hover(find(root, "synthesis.s8.conv")))
    assert told["type"] == "Feature[8, 9, 9]" and told["up"] == "2" and told["style"] == "synthesis.s8.affine"
    assert told["at"].startswith("specs/hand.yaml:") and told["in"] == "stage s8, specs/hand.yaml:5:3"


def test_a_node_says_whose_weights_it_has() -> None:
    b = graphs.Builder()
    first = b("conv", "conv", {"x": b.input("x", "Feature", 3, 4, 4)}, channels=3)
    b("again", "conv", {"x": first}, channels=3)
    b.nodes["again"] = replace(b.nodes["again"], shares="conv")
    root = picture(b.graph("again"), {}).root
    assert dict(hover(find(root, "again")))["weights of"] == "conv"
    assert lines(find(root, "again"))[-1] == "weights of conv" and len(lines(find(root, "conv"))) == 2


def test_every_op_has_a_family_and_every_family_a_colour() -> None:
    assert set(FAMILY) == set(OPS | GAME_OPS)
    assert all(f"--{family}:" in svg.colours() for family in FAMILY.values())


def test_names_are_escaped() -> None:
    b = Builder(file='a"<b>&.yaml')
    pic = picture(b.graph(b.add("act", "relu", b.input("x", "Feature", 3, 8, 8))), {})
    assert 'a"<b>' not in svg.render([("generator", pic)])


def test_figures() -> None:
    assert [si(n) for n in (0, 999, 1000, 999_600, 30_370_060)] == ["0", "999", "1 k", "1 M", "30.4 M"]
