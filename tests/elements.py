"""A page as the tests look at it."""

from html.parser import HTMLParser


class Elements(HTMLParser):
    """All elements of a page with their attributes, as a browser would see them, and all text."""

    def __init__(self, text):
        super().__init__()
        self.found, self.words = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.words.append(data)

    def of(self, tag):
        return [attributes for name, attributes in self.found if name == tag]
