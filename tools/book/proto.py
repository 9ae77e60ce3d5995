"""Makes the API reference of the comments in proto/orb/v1.

Every service, method, message, field and enum is shown with its comment. One without a comment, or a line that is
not understood, is an error: the reference is whole or it is not written.
"""

import re
from dataclasses import dataclass, field

from pages import ROOT, BookError, shown

FOLDER = ROOT / "proto/orb/v1"
PERMISSIONS = ROOT / "orbd/src/auth/permission.rs"

SERVICE = re.compile(r"service (\w+) \{")
RPC = re.compile(r"rpc (\w+)\((stream )?([\w.]+)\) returns \((stream )?([\w.]+)\);")
BLOCK = re.compile(r"(message|enum|oneof) (\w+) \{(\})?")
MEMBER = re.compile(r"(?:(optional|repeated) )?(map<[^>]+>|[\w.]+) (\w+) = (\d+)(?: \[.*\])?;")
VALUE = re.compile(r"(\w+) = (\d+)(?: \[.*\])?;")
IGNORED = re.compile(r"(syntax|package|import|option|reserved)\b.*;")


@dataclass
class Item:
    """A service, method, message, enum, oneof or member with its comment."""

    kind: str
    name: str
    comment: str
    detail: dict = field(default_factory=dict)
    members: list = field(default_factory=list)


@dataclass
class File:
    """One file of the contract."""

    name: str
    comment: str
    items: list


def read_file(path):
    """Reads one file of the contract."""
    comment, stack = [], []
    items, header = [], None
    for number, raw in enumerate(path.read_text().splitlines(), 1):
        line = raw.strip()
        if line.startswith("//"):
            comment.append(line[2:].removeprefix(" "))
            continue
        if not line:
            comment = []
            continue
        if line.startswith("syntax"):
            header, comment = "\n".join(comment), []
            continue
        if line == "}":
            done = stack.pop()
            (stack[-1].members if stack else items).append(done)
            continue
        if IGNORED.fullmatch(line):
            continue
        item = parse(line, stack[-1].kind if stack else None)
        if item is None or not comment:
            what = "is not understood" if item is None else "has no comment"
            raise BookError(f"{shown(path)}:{number}: `{line}` {what}")
        item.comment, comment = "\n".join(comment), []
        if line.endswith("{"):
            stack.append(item)
        elif stack:
            stack[-1].members.append(item)
        else:
            items.append(item)
    if header is None or stack:
        raise BookError(f"{shown(path)}: it ends too early, or begins without `syntax`")
    return File(path.stem, header, items)


def parse(line, within):
    """Returns what a line declares, without its comment; `None` when it is not understood."""
    if found := SERVICE.fullmatch(line):
        return Item("service", found[1], "")
    if found := RPC.fullmatch(line):
        detail = {"takes": found[3], "takes_stream": bool(found[2]), "gives": found[5], "gives_stream": bool(found[4])}
        return Item("rpc", found[1], "", detail)
    if found := BLOCK.fullmatch(line):
        return Item(found[1], found[2], "")
    if within == "enum" and (found := VALUE.fullmatch(line)):
        return Item("value", found[1], "", {"number": found[2]})
    if found := MEMBER.fullmatch(line):
        return Item("field", found[3], "", {"label": found[1] or "", "type": found[2], "number": found[4]})
    return None


def permissions():
    """Returns who may call each method, from the daemon's own table."""
    found = re.findall(r'\("/([\w.]+/\w+)", Permission::(Open|Needs\(Role::(\w+)\))', PERMISSIONS.read_text())
    table = {path: (role or "anybody").lower() for path, _, role in found}
    if not table:
        raise BookError(f"{shown(PERMISSIONS)}: there is no table of permissions")
    return table


class Reference:
    """The pages of the API."""

    def __init__(self):
        self.files = [read_file(path) for path in sorted(FOLDER.glob("*.proto"))]
        self.allowed = permissions()
        self.home = {}
        for file in self.files:
            for item in file.items:
                self.home[item.name] = f"api-{file.name}.md"
                for nested in item.members:
                    if nested.kind in ("message", "enum"):
                        raise BookError(f"proto/orb/v1/{file.name}.proto: {nested.name} is nested; the reference shows no nested types")

    def pages(self):
        """Returns the text of each page by its name."""
        return {"api.md": self.index()} | {f"api-{file.name}.md": self.page(file) for file in self.files}

    def index(self):
        """Returns the overview: every method with its role."""
        common = next(file for file in self.files if file.name == "common")
        out = ["# The API: package orb.v1", common_intro(common.comment), "## Every method", ""]
        out += ["The role is the least that may call it; viewer, operator and admin each may what the one before may. "
                "A method that is not in the daemon's table is refused.", ""]
        out += ["| method | role | what it does |", "|---|---|---|"]
        for file in self.files:
            for service in (item for item in file.items if item.kind == "service"):
                for rpc in service.members:
                    link = f"[{service.name}.{rpc.name}](api-{file.name}.md#{anchor(service.name, rpc.name)})"
                    out.append(f"| {link} | {self.role(service, rpc)} | {cell(first_sentence(rpc.comment))} |")
        out += ["", "The standard services `grpc.health.v1.Health` and `grpc.reflection` are open to anybody who reaches the port. "
                "`GET /metrics` on the same port wants a viewer's token.", ""]
        return "\n".join(out)

    def page(self, file):
        """Returns the page of one file."""
        title = "Shared types" if file.name == "common" else first_sentence(file.comment).rstrip(".")
        out = [f"# {title}", "", f"`proto/orb/v1/{file.name}.proto`", ""]
        for item in file.items:
            out += self.service(item) if item.kind == "service" else self.type(item)
        return "\n".join(out)

    def role(self, service, rpc):
        """Returns the role that a method needs."""
        path = f"orb.v1.{service.name}/{rpc.name}"
        if path not in self.allowed:
            raise BookError(f"{shown(PERMISSIONS)}: {path} is not declared")
        return self.allowed[path]

    def service(self, service):
        """Returns the part about a service."""
        out = [f"## {service.name} {{#{anchor(service.name)}}}", "", service.comment, ""]
        for rpc in service.members:
            detail = rpc.detail
            takes = ("a stream of " if detail["takes_stream"] else "") + self.link(detail["takes"])
            gives = ("a stream of " if detail["gives_stream"] else "") + self.link(detail["gives"])
            out += [f"### {rpc.name} {{#{anchor(service.name, rpc.name)}}}", "", rpc.comment, ""]
            out += [f"Takes {takes}, gives {gives}. Role: {self.role(service, rpc)}.", ""]
        return out

    def type(self, item):
        """Returns the part about a message or an enum."""
        out = [f"## {item.name} {{#{anchor(item.name)}}}", "", item.comment, ""]
        if item.kind == "enum":
            out += ["| value | number | meaning |", "|---|---|---|"]
            out += [f"| `{value.name}` | {value.detail['number']} | {cell(value.comment)} |" for value in item.members]
        elif item.members:
            out += ["| field | type | number | meaning |", "|---|---|---|---|"]
            for member in item.members:
                if member.kind == "oneof":
                    out.append(f"| *one of* `{member.name}` | | | {cell(member.comment)} |")
                    out += [self.row(inner, f"&nbsp;&nbsp;`{inner.name}`") for inner in member.members]
                else:
                    out.append(self.row(member, f"`{member.name}`"))
        else:
            out.append("It has no fields.")
        return [*out, ""]

    def row(self, member, name):
        """Returns the row of a field."""
        detail = member.detail
        label = f"{detail['label']} " if detail["label"] else ""
        return f"| {name} | {label}{self.link(detail['type'])} | {detail['number']} | {cell(member.comment)} |"

    def link(self, name):
        """Returns a type's name with a link to where it is shown."""
        if name in self.home:
            return f"[{name}]({self.home[name]}#{anchor(name)})"
        return f"`{name.removeprefix('google.protobuf.')}`"


def common_intro(comment):
    """Returns the conventions as Markdown: the comment of common.proto, whose lists are Markdown already."""
    first, rest = comment.split("\n\n", 1)
    return f"\n{first}\n\n{rest}\n"


def anchor(*names):
    """Returns the name of a heading in links."""
    return "-".join(names).lower()


def first_sentence(text):
    """Returns the first sentence of a comment."""
    return re.split(r"(?<=[.:])\s", text.replace("\n", " "), maxsplit=1)[0].rstrip(":")


def cell(text):
    """Returns a comment as the content of a table's cell."""
    return text.replace("\n", " ").replace("|", "\\|").replace("<", "&lt;")
