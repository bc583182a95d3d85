#include "api/meta/status.h"

namespace gantry::api::meta {

using namespace schema;

TypeInfo describe(Type<StatusCause>) {
  return object<StatusCause>(
      "StatusCause", "One reason for a refusal.",
      {
          field<&StatusCause::reason>("reason", "In one word."),
          field<&StatusCause::message>("message", "In a sentence."),
          field<&StatusCause::field>("field", "The field it is about."),
          field<&StatusCause::code>("code", "Of the failure catalogue; Gantry's own."),
      });
}

TypeInfo describe(Type<StatusDetails>) {
  return object<StatusDetails>(
      "StatusDetails", "What a Status is about.",
      {
          field<&StatusDetails::name>("name", "The object's name."),
          field<&StatusDetails::group>("group", "The group of its kind."),
          field<&StatusDetails::kind>("kind", "Its kind or resource."),
          field<&StatusDetails::uid>("uid", "Its uid."),
          field<&StatusDetails::causes>("causes", "All reasons."),
          field<&StatusDetails::retry_after_seconds>("retryAfterSeconds",
                                                     "How long to wait before trying again."),
      });
}

TypeInfo describe(Type<Status>) {
  return object<Status>("Status", "The answer to a request that returns no object.",
                        {
                            field<&Status::api_version>("apiVersion", "v1."),
                            field<&Status::kind>("kind", "Status."),
                            field<&Status::metadata>("metadata", "Empty.", always),
                            field<&Status::status>("status", "Success or Failure."),
                            field<&Status::message>("message", "What happened, for people."),
                            field<&Status::reason>("reason", "What happened, in one word."),
                            field<&Status::details>("details", "What it is about."),
                            field<&Status::code>("code", "The HTTP status."),
                        });
}

std::vector<StatusCause> to_causes(const Problems& problems) {
  std::vector<StatusCause> causes;
  for (const auto& problem : problems) {
    causes.push_back({std::string(to_string(problem.reason)), problem.message, problem.path});
  }
  return causes;
}

}  // namespace gantry::api::meta
