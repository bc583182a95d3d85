#include "api/core/event.h"

#include "pkg/base/text.h"

namespace gantry::api::core {

using schema::field;
using schema::object;
using schema::Type;
using schema::TypeInfo;

TypeInfo describe(Type<ObjectReference>) {
  return object<ObjectReference>(
      "ObjectReference", "Any object.",
      {
          field<&ObjectReference::api_version>("apiVersion", "Its apiVersion."),
          field<&ObjectReference::kind>("kind", "Its kind."),
          field<&ObjectReference::name>("name", "Its name."),
          field<&ObjectReference::ns>("namespace", "Its namespace."),
          field<&ObjectReference::uid>("uid", "Its uid."),
          field<&ObjectReference::resource_version>("resourceVersion", "Which version of it."),
          field<&ObjectReference::field_path>("fieldPath", "Which part of it."),
      });
}

TypeInfo describe(Type<EventSource>) {
  return object<EventSource>("EventSource", "Who reports.",
                             {
                                 field<&EventSource::component>("component", "The program."),
                                 field<&EventSource::host>("host", "Where it runs."),
                             });
}

TypeInfo describe(Type<EventSeries>) {
  return object<EventSeries>(
      "EventSeries", "How often it happened.",
      {
          field<&EventSeries::count>("count", "How often, so far."),
          field<&EventSeries::last_observed_time>("lastObservedTime", "When it was last seen.",
                                                  schema::format::date_time),
      });
}

TypeInfo describe(Type<Event>) {
  return object<Event>(
      "Event", "Something that happened to an object.",
      {
          field<&Event::api_version>("apiVersion", "v1."),
          field<&Event::kind>("kind", "Event."),
          field<&Event::metadata>("metadata",
                                  "What every object has. The annotation gantry.dev/code is the "
                                  "failure's code in the catalogue.",
                                  schema::required),
          field<&Event::involved_object>("involvedObject", "What it happened to.",
                                         schema::required),
          field<&Event::reason>("reason", "What happened, in one word."),
          field<&Event::message>("message", "What happened, in a sentence."),
          field<&Event::type>("type", "Normal or Warning."),
          field<&Event::count>("count", "How often it happened.",
                               schema::Range{0, std::numeric_limits<int>::max()}),
          field<&Event::first_timestamp>("firstTimestamp", "When it happened first."),
          field<&Event::last_timestamp>("lastTimestamp", "When it happened last."),
          field<&Event::source>("source", "Who reports it."),
          field<&Event::event_time>("eventTime", "When it happened first, to the microsecond.",
                                    schema::format::date_time),
          field<&Event::action>("action", "What was done about it."),
          field<&Event::related>("related", "Another object that has to do with it."),
          field<&Event::series>("series", "How often it happened, by newer reporters."),
          field<&Event::reporting_component>("reportingComponent", "The program that reports it."),
          field<&Event::reporting_instance>("reportingInstance", "Which instance of the program."),
      });
}

namespace {

Json object_cell(const Json& event) {
  const Json* object = event.find("involvedObject");
  if (object == nullptr) return {};
  return to_lower(object->string_or("kind", "")) + "/" + object->string_or("name", "");
}

Json last_seen(const Json& event) {
  for (const auto* name : {"lastTimestamp", "eventTime", "firstTimestamp"}) {
    const Json* time = event.find(name);
    if (time != nullptr && time->is_string() && !time->as_string().empty()) return *time;
  }
  return {};
}

Json count_cell(const Json& event) {
  return std::max<int64_t>(1, event.integer_or("count", 1));
}

}  // namespace

meta::Kind event_kind() {
  return {.group = "",
          .version = "v1",
          .kind = "Event",
          .plural = "events",
          .singular = "event",
          .short_names = {"ev"},
          .categories = {},
          .namespaced = true,
          .has_status = false,
          .type = &schema::type_of<Event>,
          .selectable = {"involvedObject.kind", "involvedObject.namespace", "involvedObject.name",
                         "involvedObject.uid", "involvedObject.apiVersion",
                         "involvedObject.resourceVersion", "involvedObject.fieldPath", "reason",
                         "reportingComponent", "source.component", "type"},
          .columns =
              {
                  {"Last Seen", "date", "When it happened last.", "", 0, &last_seen},
                  {"Type", "string", "Normal or Warning.", "type"},
                  {"Reason", "string", "What happened, in one word.", "reason"},
                  {"Object", "string", "What it happened to.", "", 0, &object_cell},
                  {"Code", "string", "Of the failure catalogue.",
                   "metadata.annotations[gantry.dev/code]", 1},
                  {"Count", "integer", "How often.", "", 1, &count_cell},
                  {"Source", "string", "Who reports it.", "source.component", 1},
                  {"Message", "string", "What happened.", "message"},
              },
          .check_update = nullptr};
}

}  // namespace gantry::api::core
