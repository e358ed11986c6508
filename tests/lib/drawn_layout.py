"""A drawn policy written another way: in several files, with defaults, and with blocks of rules.

What its workloads say afterwards follows from the document; it is not always what they said before.
"""

OUTCOMES = ("none", "warning", "contraindicated")
OF_ITS_OWN = ("match", "collectors")  # what no block may say


class Layout:
    def __init__(self, chance):
        self.chance = chance
        self.blocks = []

    def maybe(self, probability=0.5):
        return self.chance.random() < probability

    def files(self, policy):
        """(the policy, name: document of each file that it includes)"""
        entries = [self.shortened(entry) for entry in policy["workloads"]]
        said = {"collectors": ["spiffe://test/*"], "missing": self.chance.choice(OUTCOMES),
                "grace_s": self.chance.choice((0, 60))}
        if self.maybe():
            said["use"] = [self.block({"max_age_s": self.chance.choice((1, 60, 1000)),
                                       "unmeasured": self.chance.choice(OUTCOMES)})]
        for entry in entries:
            if entry["collectors"] == said["collectors"] and self.maybe(0.8):
                del entry["collectors"]
        names = [f"part-{n}" for n in range(self.chance.randint(0, 2))]
        parts = [{} for _ in range(len(names) + 1)]
        for key in ("package_lists", "references", "families", "windows"):
            self.spread(parts, key, policy[key])
        self.spread(parts, "rules", self.blocks)
        self.spread(parts, "workloads", entries)
        self.chance.choice(parts)["defaults"] = said
        main, *included = parts
        include = {"include": [{"name": n, "file": f"{n}.yaml"} for n in names]} if names else {}
        return {"name": policy["name"], **include, **main}, {
            f"{n}.yaml": part for n, part in zip(names, included)}

    def spread(self, parts, key, entries):
        """In their order, over all files."""
        ends = sorted(self.chance.choices(range(len(entries) + 1), k=len(parts) - 1))
        for part, begin, end in zip(parts, [0, *ends], [*ends, len(entries)]):
            if end > begin:
                part[key] = entries[begin:end]

    def block(self, said):
        self.blocks.append({"name": f"block-{len(self.blocks)}", **said})
        return self.blocks[-1]["name"]

    def shortened(self, entry):
        """Some of it stands in blocks, which say some things that are not so, too."""
        uses = []
        while len(uses) < 3 and self.maybe(0.6):
            under, entry = self.divided(entry)
            uses.insert(0, self.block(under))
        return {**entry, **({"use": uses} if uses or self.maybe(0.2) else {})}

    def divided(self, said):
        under, over = {}, {}
        for key, value in said.items():
            if key in OF_ITS_OWN or self.maybe(0.3):
                over[key] = value
            elif isinstance(value, dict):
                under[key], over[key] = self.divided(value)
            elif key == "facts" and len(value) > 1:
                cut = self.chance.randint(1, len(value) - 1)
                under[key], over[key] = value[:cut], value[cut:]
            elif self.maybe():
                under[key] = value
            else:
                over[key] = value
                if (other := self.other(value)) is not None:
                    under[key] = other
        return under, over

    def other(self, value):
        if value in OUTCOMES:
            return self.chance.choice(OUTCOMES)
        if isinstance(value, bool):
            return not value
        return value + 1 if isinstance(value, int) else None
