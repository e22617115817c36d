"""The live preview: every save is shown at once, in the open page, on the slide in view."""
