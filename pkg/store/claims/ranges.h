#pragma once
// Addresses that an Appliance gives out by itself.
#include <string>
#include <vector>

#include "pkg/store/claims/claims.h"

namespace gantry::store {

// Why a fixed address may not be had in an Appliance's network: it gives it out, or has done so.
// Empty when nothing is known against it.
std::string why_given_out(const Store& store, const api::v1alpha1::PlacedAddress& placed);

}  // namespace gantry::store
