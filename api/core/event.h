#pragma once
#include <optional>
#include <string>

#include "api/meta/kind.h"
#include "api/meta/types.h"

namespace gantry::api::core {

// The annotation of an Event that carries the failure's code ("CON-001").
inline constexpr std::string_view kCodeAnnotation = "gantry.dev/code";

struct ObjectReference {
  std::string api_version;
  std::string kind;
  std::string name;
  std::string ns;
  std::string uid;
  std::string resource_version;
  std::string field_path;
};
struct EventSource {
  std::string component;
  std::string host;
};
struct EventSeries {
  int count = 0;
  std::string last_observed_time;
};
// v1 Event: what happened to an object, one per kind of happening, counted.
struct Event {
  std::string api_version = "v1";
  std::string kind = "Event";
  meta::ObjectMeta metadata;
  ObjectReference involved_object;
  std::string reason;
  std::string message;
  std::string type = "Normal";  // Normal, Warning
  int count = 0;
  std::optional<Time> first_timestamp;
  std::optional<Time> last_timestamp;
  EventSource source;
  std::string event_time;  // MicroTime, by newer clients
  std::string action;
  std::optional<ObjectReference> related;
  std::optional<EventSeries> series;
  std::string reporting_component;
  std::string reporting_instance;
};

schema::TypeInfo describe(schema::Type<ObjectReference>);
schema::TypeInfo describe(schema::Type<EventSource>);
schema::TypeInfo describe(schema::Type<EventSeries>);
schema::TypeInfo describe(schema::Type<Event>);
meta::Kind event_kind();

}  // namespace gantry::api::core
