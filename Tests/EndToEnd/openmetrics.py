"""A strict reader of OpenMetrics 1.0 text, for what Postern exposes: it refuses what the specification does not allow."""

import re

KINDS = ("unknown", "gauge", "counter", "stateset", "info", "histogram", "gaugehistogram", "summary")
SUFFIXES = {
    "counter": ("_total", "_created"), "gauge": ("",), "info": ("_info",),
    "histogram": ("_bucket", "_count", "_sum", "_created"), "unknown": ("",)}
NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"')
NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*([eE][+-]?[0-9]+)?|Inf)|NaN")
ESCAPED = re.compile(r'(?:[^"\\\n]|\\["\\n])*')


class Family:
    """One metric: its kind, unit and help, and its samples by name and labels."""

    def __init__(self, name):
        self.name, self.kind, self.unit, self.help = name, "unknown", "", None
        self.samples = {}


def refuse(condition, why, line):
    if condition:
        raise AssertionError(f"{why}: {line!r}")


def parse(text):
    """The families of an exposition by name; an AssertionError for whatever is not OpenMetrics."""
    refuse(not text.endswith("# EOF\n"), "no # EOF at the end", text[-80:])
    refuse("\r" in text, "a carriage return", "")
    families, family = {}, None
    lines = text[:-1].split("\n")
    for line in lines[:-1]:
        refuse(line in ("", "# EOF"), "an empty line, or an end before the end", line)
        if line.startswith("#"):
            family = describe(line, families, family)
        else:
            add_sample(line, family)
    for family in families.values():
        refuse(not family.samples, "a family without samples", family.name)
        if family.kind == "histogram":
            check_histogram(family)
    return families


def describe(line, families, family):
    match = re.fullmatch(r"# (TYPE|UNIT|HELP) (\S+) (.*)", line)
    refuse(match is None or NAME.fullmatch(match[2]) is None, "not a line of metadata", line)
    word, name, rest = match.groups()
    if family is None or family.name != name:
        refuse(name in families, "a family in two places", line)
        family = families[name] = Family(name)
    refuse(bool(family.samples), "metadata after samples", line)
    if word == "TYPE":
        refuse(rest not in KINDS or family.kind != "unknown", "an unknown or second type", line)
        family.kind = rest
    elif word == "UNIT":
        refuse(family.unit != "" or not name.endswith("_" + rest), "a second unit, or one that the name does not end in", line)
        family.unit = rest
    else:
        refuse(family.help is not None or ESCAPED.fullmatch(rest) is None, "a second help, or one that is not escaped", line)
        family.help = rest
    return family


def add_sample(line, family):
    match = re.fullmatch(r"(\w+)(?:\{(.*)\})? (\S+)", line)
    refuse(match is None, "not a sample", line)
    name, labels, value = match.groups()
    refuse(family is None or not name.startswith(family.name), "a sample outside of its family", line)
    refuse(name[len(family.name):] not in SUFFIXES[family.kind], "a suffix that its kind does not have", line)
    refuse(NUMBER.fullmatch(value) is None, "not a number", line)
    pairs = []
    while labels:
        pair = LABEL.match(labels)
        refuse(pair is None, "not a label", line)
        pairs.append(pair.groups())
        rest = labels[pair.end():]
        refuse(rest == "," or rest != "" and not rest.startswith(","), "labels without a comma between them", line)
        labels = rest[1:]
    names = [name for name, _ in pairs]
    refuse(len(set(names)) != len(names), "a label twice", line)
    refuse(("le" in names) != name.endswith("_bucket"), "le where it does not belong, or not where it does", line)
    key = (name, tuple(sorted(pairs)))
    refuse(key in family.samples, "a sample twice", line)
    refuse(family.kind in ("counter", "histogram") and not float(value) >= 0, "a counter below nothing", line)
    refuse(family.kind == "info" and float(value) != 1, "an info that is not 1", line)
    family.samples[key] = float(value)


def check_histogram(family):
    """Buckets ascend to +Inf, which is the count; every series has a count and a sum."""
    series = {}
    for (name, labels), value in family.samples.items():
        rest = tuple(pair for pair in labels if pair[0] != "le")
        series.setdefault(rest, {"_bucket": []})
        suffix = name[len(family.name):]
        if suffix == "_bucket":
            series[rest]["_bucket"].append((float(dict(labels)["le"]), value))
        else:
            series[rest][suffix] = value
    for parts in series.values():
        buckets = parts["_bucket"]
        refuse(buckets != sorted(buckets) or buckets[-1][0] != float("inf"), "buckets that do not ascend to +Inf", family.name)
        refuse([v for _, v in buckets] != sorted(v for _, v in buckets), "buckets that are not cumulative", family.name)
        refuse(parts.get("_count") != buckets[-1][1] or "_sum" not in parts, "a count that disagrees, or no sum", family.name)


def value(families, sample, **labels):
    """The value of one sample; None if it is not there."""
    wanted = tuple(sorted(labels.items()))
    for family in families.values():
        if (sample, wanted) in family.samples:
            return family.samples[(sample, wanted)]
    return None
