#pragma once
// A small type for the tests of the walkers.
#include "pkg/base/ids.h"
#include "pkg/schema/schema.h"

namespace gantry::schema::toy {

enum class Colour { red, light_green };
struct Port {
  std::string name;
  int port = 0;
};
struct Limits {
  int high = 10;
  int low = 0;
};
struct Choice {
  std::optional<std::string> left, right;
};
struct Toy {
  std::string title;
  int count = 1;
  bool quick = false;
  Colour colour = Colour::red;
  Quantity memory{"1Gi"};
  std::chrono::seconds wait{30};
  std::optional<Time> since;
  std::optional<double> share;
  std::vector<Port> ports;
  std::vector<std::string> tags;
  std::map<std::string, std::string> labels;
  Limits limits;
  std::optional<Limits> extra;
  Choice choice;
  std::map<std::string, std::string> passwords;
  Uid uid;
  int seen = 0;
  Json anything;
};

TypeInfo describe(Type<Colour>);
TypeInfo describe(Type<Port>);
TypeInfo describe(Type<Limits>);
TypeInfo describe(Type<Choice>);
TypeInfo describe(Type<Toy>);

}  // namespace gantry::schema::toy
