"""Images made worse as they are read: blur, resize, noise, JPEG, in an order that a spec says."""
