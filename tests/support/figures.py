"""What an endurance test measured, as it is shown: a word and a figure each."""

from collections.abc import Mapping

Figures = Mapping[str, str]
