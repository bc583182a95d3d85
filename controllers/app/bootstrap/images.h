#pragma once
// Images: those of a project, before anything of the old version stops, and by which digests they
// ran.
#include <string>
#include <vector>

#include "controllers/app/bootstrap/setup.h"

namespace gantry::controllers::app {

// Every image is there before anything of the old version stops (TPL-006). Those whose digest is
// known are exactly these, whatever their tags mean by now.
Async<Status> pull_images(Setup& setup);

// By which digest each service's container was made; without those of images that no registry has
// given one.
Async<Result<std::vector<UsedImage>>> used_images(Setup& setup);

// "registry.lan:5000/wiki" of "registry.lan:5000/wiki:2".
std::string repository_of(const std::string& image);
// Of "service image id" lines and "id repository@digest…" lines.
std::vector<UsedImage> read_images(const std::string& containers, const std::string& images);

}  // namespace gantry::controllers::app
