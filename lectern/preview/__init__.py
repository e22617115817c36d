"""The live preview: what is saved is shown at once, in the page that is open, on the slide in view."""
