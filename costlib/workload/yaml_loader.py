"""YAML as people mean it: no key twice, no sexagesimals, no octals."""

from __future__ import annotations

from typing import Any


def careful_loader() -> Any:
    """A YAML loader that refuses a key given twice, where the plain one silently keeps the last."""
    import yaml

    class Loader(yaml.SafeLoader):
        pass

    def mapping(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = loader.construct_object(key_node)
            if isinstance(key, (list, dict, set)):
                raise yaml.constructor.ConstructorError(None, None, "a key must be a plain word", key_node.start_mark)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} stands twice", key_node.start_mark
                )
            seen.add(key)
        return loader.construct_mapping(node, deep=True)

    def number(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> Any:
        # YAML 1.1 reads 1:30 as 90 and 010 as 8, which nobody means.
        text = node.value.lstrip("+-").replace("_", "")
        if ":" in text or (len(text) > 1 and text[0] == "0" and text.isdigit()):
            problem = f"{node.value} is not a plain number"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
        made = loader.construct_yaml_int if node.tag.endswith(":int") else loader.construct_yaml_float
        return made(node)

    Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, mapping)
    Loader.add_constructor("tag:yaml.org,2002:int", number)
    Loader.add_constructor("tag:yaml.org,2002:float", number)
    return Loader
