#include "pkg/apiserver/patch/json_patch.h"

#include "pkg/apiserver/patch/size.h"
#include "pkg/base/text.h"

namespace gantry::apiserver {
namespace {

using Path = std::vector<std::string>;

// RFC 6901: "/a/b~1c" → {"a", "b/c"}.
Result<Path> parse_pointer(const std::string& text) {
  if (text.empty()) return Path{};
  if (text.front() != '/') return invalid("path \"%s\" must begin with /", text);
  Path path;
  for (auto& part : split(std::string_view(text).substr(1), '/')) {
    std::string key;
    for (size_t i = 0; i < part.size(); ++i) {
      if (part[i] != '~') {
        key += part[i];
      } else if (i + 1 < part.size() && (part[i + 1] == '0' || part[i + 1] == '1')) {
        key += part[++i] == '0' ? '~' : '/';
      } else {
        return invalid("path \"%s\" has a broken ~ escape", text);
      }
    }
    path.push_back(std::move(key));
  }
  return path;
}

// An index into an array of that size; `end` allows size itself and "-".
std::optional<size_t> index_of(const std::string& key, size_t size, bool end) {
  if (end && key == "-") return size;
  const auto index = parse_integer(key);
  const bool canonical = index && std::to_string(*index) == key;
  if (!canonical || *index < 0) return std::nullopt;
  const auto at = static_cast<size_t>(*index);
  if (at < size || (end && at == size)) return at;
  return std::nullopt;
}

Json* locate(Json& root, const Path& path, size_t depth) {
  Json* at = &root;
  for (size_t i = 0; i < depth; ++i) {
    if (at->is_array()) {
      const auto index = index_of(path[i], at->size(), false);
      if (!index) return nullptr;
      at = &at->as_array()[*index];
    } else {
      at = at->find(path[i]);
      if (at == nullptr) return nullptr;
    }
  }
  return at;
}

// A small patch must not make us work for long: "copy" and "add" at the front of arrays multiply.
struct Budget {
  size_t copies = kPatchCopiesMax, moves = kPatchMovesMax;

  Status copy(const Json& value) {
    const auto bytes = approximate_size(value);
    if (bytes > copies) return invalid("copies and compares more than %d bytes", kPatchCopiesMax);
    copies -= bytes;
    return {};
  }
  Status move(size_t elements) {
    if (elements > moves) return invalid("moves too many elements of arrays");
    moves -= elements;
    return {};
  }
};

Status missing(const std::string& pointer) {
  return invalid("path \"%s\" does not exist", pointer);
}

Status add(Json& root, const Path& path, const std::string& pointer, Json value, Budget& budget) {
  if (path.empty()) {
    root = std::move(value);
    return {};
  }
  Json* parent = locate(root, path, path.size() - 1);
  if (parent == nullptr || (!parent->is_object() && !parent->is_array())) return missing(pointer);
  if (parent->is_object()) {
    parent->set(path.back(), std::move(value));
    return {};
  }
  const auto index = index_of(path.back(), parent->size(), true);
  if (!index) return missing(pointer);
  auto& items = parent->as_array();
  GANTRY_TRY(budget.move(items.size() - *index));
  items.insert(items.begin() + static_cast<std::ptrdiff_t>(*index), std::move(value));
  return {};
}

Result<Json> take(Json& root, const Path& path, const std::string& pointer, Budget& budget) {
  if (path.empty()) return invalid("the whole document cannot be removed");
  Json* parent = locate(root, path, path.size() - 1);
  Json* target = locate(root, path, path.size());
  if (target == nullptr) return missing(pointer);
  Json value = std::move(*target);
  if (parent->is_object()) {
    parent->erase(path.back());
  } else {
    const auto index = index_of(path.back(), parent->size(), false);
    auto& items = parent->as_array();
    GANTRY_TRY(budget.move(items.size() - *index));
    items.erase(items.begin() + static_cast<std::ptrdiff_t>(*index));
  }
  return value;
}

bool is_prefix(const Path& prefix, const Path& path) {
  return prefix.size() < path.size() && std::equal(prefix.begin(), prefix.end(), path.begin());
}

Status move_or_copy(Json& root, const Json& operation, const Path& path, bool is_move,
                    Budget& budget) {
  const auto pointer = operation.string_or("path", "");
  const auto from_text = operation.string_or("from", "");
  GANTRY_TRY_ASSIGN(const auto from, parse_pointer(from_text));
  if (is_move) {
    if (is_prefix(from, path)) return invalid("cannot move \"%s\" into itself", from_text);
    GANTRY_TRY_ASSIGN(auto value, take(root, from, from_text, budget));
    return add(root, path, pointer, std::move(value), budget);
  }
  const Json* source = locate(root, from, from.size());
  if (source == nullptr) return missing(from_text);
  GANTRY_TRY(budget.copy(*source));
  Json value = *source;
  return add(root, path, pointer, std::move(value), budget);
}

Status apply_operation(Json& root, const Json& operation, Budget& budget) {
  const auto* pointer = operation.find("path");
  if (pointer == nullptr || !pointer->is_string()) return invalid("\"path\" is required");
  const auto& text = pointer->as_string();
  GANTRY_TRY_ASSIGN(const auto path, parse_pointer(text));
  const auto op = operation.string_or("op", "");
  if (op == "remove") return take(root, path, text, budget).status();
  if (op == "move" || op == "copy")
    return move_or_copy(root, operation, path, op == "move", budget);
  if (op != "add" && op != "replace" && op != "test")
    return invalid("unknown \"op\" \"%s\"; use add, remove, replace, move, copy or test", op);
  const auto* value = operation.find("value");
  if (value == nullptr) return invalid("\"value\" is required");
  if (op == "add") return add(root, path, text, *value, budget);
  Json* target = locate(root, path, path.size());
  if (target == nullptr) return missing(text);
  if (op == "test") GANTRY_TRY(budget.copy(*value));
  if (op == "test") return *target == *value ? Status() : invalid("test of \"%s\" failed", text);
  *target = *value;
  return {};
}

}  // namespace

Status apply_json_patch(Json& target, const Json& patch) {
  if (!patch.is_array()) return invalid("a JSON patch is an array of operations");
  if (patch.size() > kOperationsMax)
    return invalid("a JSON patch has at most %d operations, not %d", kOperationsMax, patch.size());
  Budget budget;
  Json result = target;
  size_t index = 0;
  for (const auto& operation : patch.as_array()) {
    auto applied = apply_operation(result, operation, budget);
    if (!applied.ok())
      return annotate(std::move(applied), absl::StrFormat("operation %d of the patch", index));
    ++index;
  }
  target = std::move(result);
  return {};
}

}  // namespace gantry::apiserver
