"""From a catalogue identifier to a repository path and a name.

Leaves what is done with them to the callers. :func:`load` reads the configuration; what it returns
answers :meth:`Resolvers.resolve`.
"""

from strongroom.identifiers.configuration import load
from strongroom.identifiers.identified import Identified
from strongroom.identifiers.resolvers import Resolvers

__all__ = ["Identified", "Resolvers", "load"]
