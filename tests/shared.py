"""What most tests stand on, as layers: the actors, a warehouse, a plant."""

from tests import factories
from tests.kept import layer

kept_actors = layer("kept_actors", factories.make_actors)
#: A private low-risk warehouse (soc-lowrisk) with its plan.
kept_warehouse = layer("kept_warehouse", lambda actors: factories.enrolled_project(actors, "S3"), "kept_actors")
#: A private plant (soc-factory), for matters that ask several departments.
kept_plant = layer("kept_plant", lambda actors: factories.enrolled_project(actors, "S2"), "kept_actors")
#: Its 建设工程规划许可证 in joint review: five departments are asked, nobody has answered.
kept_review = layer(
    "kept_review", lambda actors, plant: factories.in_review(plant, "plan-permit", actors), "kept_actors", "kept_plant"
)
#: The joint connection of the warehouse to water, power and gas, handed in and not accepted.
kept_receipt = layer(
    "kept_receipt", lambda actors, project: factories.received(project, ["util-joint"], actors)[0],
    "kept_actors", "kept_warehouse",
)
