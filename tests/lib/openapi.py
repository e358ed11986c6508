"""Answers held against doc/openapi.yaml: of the operation that a path belongs to, the schema that the
status has. References are followed within the file."""

import json
import re

import jsonschema
import yaml

from hallmark import ROOT


class OpenApi:
    def __init__(self, path=ROOT / "doc/openapi.yaml"):
        self.document = yaml.safe_load(path.read_text())
        self.resolver = jsonschema.RefResolver("", self.document)
        self.used = set()  # (path of the file, status)

    def resolve(self, thing):
        while "$ref" in thing and thing["$ref"].startswith("#/components/re"):
            thing = self.resolver.resolve(thing["$ref"])[1]
        return thing

    def operation(self, path):
        """The path of the file that this one is of."""
        for pattern in self.document["paths"]:
            if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", pattern), path):
                return pattern
        raise AssertionError(f"{path} is no path of doc/openapi.yaml")

    def check(self, path, status, content_type, body):
        """`path` without the server's and without a query. Gives what the body says."""
        pattern = self.operation(path)
        responses = self.document["paths"][pattern]["get"]["responses"]
        content = self.resolve(responses.get(str(status), responses["default"]))["content"]
        assert content_type.split(";")[0] in content, (path, content_type, list(content))
        schema = content[content_type.split(";")[0]]["schema"]
        said = json.loads(body) if content_type == "application/json" else body.decode()
        jsonschema.Draft202012Validator(schema, resolver=self.resolver).validate(said)
        self.used.add((pattern, str(status) if str(status) in responses else "default"))
        return said

    def parameters(self, pattern):
        """Names of what may stand in the query."""
        listed = self.document["paths"][pattern]["get"].get("parameters", [])
        found = [self.resolver.resolve(p["$ref"])[1] if "$ref" in p else p for p in listed]
        return {p["name"] for p in found if p["in"] == "query"}
