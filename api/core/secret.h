#pragma once
#include <map>
#include <optional>
#include <string>

#include "api/meta/kind.h"
#include "api/meta/types.h"

namespace gantry::api::core {

// v1 Secret. `data` holds base64, as on the wire; the values are redacted wherever objects are
// shown or logged.
struct Secret {
  std::string api_version = "v1";
  std::string kind = "Secret";
  meta::ObjectMeta metadata;
  std::string type = "Opaque";
  std::map<std::string, std::string> data;
  std::map<std::string, std::string> string_data;  // write-only: moved into data before storing
  std::optional<bool> immutable;
};

schema::TypeInfo describe(schema::Type<Secret>);
meta::Kind secret_kind();

// The decoded value of a key; nullopt when there is none.
std::optional<std::string> secret_value(const Secret& secret, const std::string& key);
// Moves stringData into data (base64), as the API server does before storing: stringData wins.
void fold_string_data(Json& secret);

}  // namespace gantry::api::core
