# links.py - every link of a site leads somewhere within it.
# SPDX-License-Identifier: MIT
import html.parser
import urllib.parse


class Page(html.parser.HTMLParser):
    """The links of a page, and the places in it that can be linked to."""

    def __init__(self, text):
        super().__init__()
        self.targets, self.places = [], set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.places.update(filter(None, [attrs.get('id'),
                                         attrs.get('name') if tag == 'a' else None]))
        target = attrs.get('href' if tag in ('a', 'link') else 'src')
        if target and tag in ('a', 'link', 'img', 'script', 'object', 'iframe'):
            self.targets.append(target)


def check(site):
    """The dead links, each printed."""
    pages = {path.resolve(): Page(path.read_text(encoding='utf-8'))
             for path in sorted(site.rglob('*.html'))}
    dead, count = [], 0
    for path, page in pages.items():
        for target in page.targets:
            parts = urllib.parse.urlsplit(target)
            if parts.scheme or parts.netloc:
                continue
            count += 1
            name = urllib.parse.unquote(parts.path)
            file = (path.parent / name).resolve() if name else path
            place = urllib.parse.unquote(parts.fragment)
            if not file.exists() or (place and file in pages
                                     and place not in pages[file].places):
                dead.append(f'{path.name}: {target} leads nowhere')
    for line in sorted(set(dead)):
        print(line)
    print(f'{count} links in {len(pages)} pages, {len(set(dead))} dead')
    return dead
