#include "world.hpp"

using namespace cerro;
using namespace cerro::router;
using namespace cerro::router::testing;

TEST_CASE("events are droppable, answers are not")
{
    world w;
    client publisher{w};
    client subscriber{w};
    publisher.join();
    subscriber.join();
    CHECK(!subscriber.drops_oldest);
    subscriber.say("[32,1,{},'a.b']");
    CHECK(!subscriber.last_droppable);
    publisher.say("[16,1,{},'a.b']");
    CHECK(subscriber.last_droppable);
}

TEST_CASE("a session of a drop-oldest role tells its peer so when it joins")
{
    world w;
    w.logic.find_realm("realm1")->find_role("anonymous")->set_drop_oldest(true);
    client c{w};
    CHECK(!c.drops_oldest);
    c.join();
    CHECK(c.drops_oldest);
}
