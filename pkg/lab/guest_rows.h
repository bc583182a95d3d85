#pragma once
// Guests as rows of answers, and who may see them.
#include <map>
#include <string>

#include "pkg/lab/model.h"

namespace gantry::lab {

// "Which of these may the caller audit?" for whole lists: answers once a pool where no access list
// names the guest itself.
class AuditFilter {
 public:
  AuditFilter(const Model& model, const Call& call);
  bool shows(const Guest& guest);

 private:
  const Model& model_;
  const Call& call_;
  std::map<std::string, bool> by_pool_;
};

// A member of GET /pools/{poolid}, as behind as pvestatd is.
Json member_row(const Model& model, const Guest& guest);
// A row of GET /cluster/resources: the same with pool, lock and tags.
Json resource_row(const Model& model, const Guest& guest, bool with_pool);
// A row of GET /nodes/{node}/lxc and, with `ha` and pressure, of status/current.
Json status_row(const Model& model, const Guest& guest, const ContainerState& state);
// What GET config shows: pending values unless `current`.
Json config_object(const Guest& guest, bool current);

}  // namespace gantry::lab
