"""Pictures of networks: SVG for papers and pages, HTML with stages that fold."""
