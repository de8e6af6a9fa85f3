"""What most tests stand on, as layers: the actors, a warehouse, a plant."""

from tests import factories
from tests.kept import layer

kept_actors = layer("kept_actors", factories.make_actors)
#: A private low-risk warehouse (soc-lowrisk) with its plan.
kept_warehouse = layer("kept_warehouse", lambda actors: factories.enrolled_project(actors, "S3"), "kept_actors")
#: A private plant (soc-factory), for matters that ask several departments.
kept_plant = layer("kept_plant", lambda actors: factories.enrolled_project(actors, "S2"), "kept_actors")
