"""W0730 to W0739: images, latents and styles, or parts of them, without effect."""

from gandsl.diagnostics.code import Code

ROWS = (
    Code(
        "W0730",
        "warning",
        "image that the discriminator does not look at",
        means="""
        The discriminator takes an image at several sizes, and none of its outputs depends on this one. What
        the generator makes of this size is not trained, and penalties on gradients hold for the others.""",
        example="""
        discriminator:
          inputs: {image: {type: "Image[3, res]", each: {res: [4, 8]}}}
          body: {flat: {op: flatten, x: "image[1]"}, logit: {op: linear, features: 1}}""",
        mend="let a node read it, or leave the size out of both networks.",
    ),
    Code(
        "W0731",
        "warning",
        "output of the discriminator that depends on no image",
        means="It is the same for real and for generated images, and so tells nothing about either.",
        example="""
        discriminator: ... outputs: {logit: logit, prior: embedding_of_y}""",
        mend="leave it out, or let it depend on what is computed from the image.",
    ),
    Code(
        "W0732",
        "warning",
        "images that depend on no latent",
        means="Every latent gives the same image, but for noise and the class.",
        example="""
        generator: {inputs: {z: "Latent[8]"}, body: {image: {op: constant, channels: 3, size: 8}}}""",
        mend="let the image depend on what is computed from the latent.",
    ),
    Code(
        "W0733",
        "warning",
        "style space that no image reads",
        means="""
        `styles:` names a node that no image depends on: truncation and style mixing change nothing, and path
        length is 0.""",
        example="""
        generator: {..., body: {ws: {op: broadcast_styles, count: 8}, image: ...}, styles: ws}
        # and no node reads ws[i]""",
        mend="let the layers of the image read it, or drop `styles:`.",
    ),
)
