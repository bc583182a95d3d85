#pragma once
// Kind: what the API server, the CLI and the store need to know about a kind of object.
#include <string>
#include <string_view>
#include <vector>

#include "pkg/schema/columns.h"
#include "pkg/schema/schema.h"

namespace gantry::api::meta {

// A part of an object with a path of its own, or a question about it.
struct Subresource {
  std::string_view name;                  // "token"
  std::string_view group, version, kind;  // of what is sent and answered
  std::vector<std::string_view> verbs;
};

struct Kind {
  std::string_view group;  // "gantry.dev"; empty for the core group
  std::string_view version;
  std::string_view kind;      // "App"
  std::string_view plural;    // "apps"
  std::string_view singular;  // "app"
  std::vector<std::string_view> short_names;
  std::vector<std::string_view> categories;
  bool namespaced = true;
  bool has_status = true;  // and so a status subresource and a generation
  schema::TypeOf type = nullptr;
  // Fields that selectors may name and that the store indexes, besides metadata.name and
  // metadata.namespace: dotted paths of scalars ("status.node").
  std::vector<std::string_view> selectable = {};
  std::vector<schema::Column> columns;  // after Name (and Namespace), before Age
  // Rules about changes that no field can state by itself; may be null.
  schema::Problems (*check_update)(const Json& before, const Json& after) = nullptr;
  // What is allowed and probably not meant, for who writes it; may be null. No value is in it: it
  // may be a secret.
  std::vector<std::string> (*warn)(const Json& object) = nullptr;

  // Further ones than status.
  std::vector<Subresource> subresources = {};
  // False: a question that is answered at once and never kept; it can only be created.
  bool stored = true;

  // "apps.gantry.dev", "secrets": the store's name of the collection.
  std::string resource() const;
  // "gantry.dev/v1alpha1", "v1"
  std::string api_version() const;
  // Whether it has the scale subresource: spec.replicas that are wanted, status.replicas there are.
  bool has_scale() const;
};

}  // namespace gantry::api::meta
