#include "api/meta/types.h"

namespace gantry::api::meta {

using namespace schema;  // the vocabulary of declarations

TypeInfo describe(Type<OwnerReference>) {
  return object<OwnerReference>(
      "OwnerReference", "An object that owns this one: when it goes, this one is deleted.",
      {
          field<&OwnerReference::api_version>("apiVersion", "The owner's apiVersion.", required),
          field<&OwnerReference::kind>("kind", "The owner's kind.", required),
          field<&OwnerReference::name>("name", "The owner's name, in the same namespace.",
                                       required),
          field<&OwnerReference::uid>("uid", "The owner's uid.", required),
          field<&OwnerReference::controller>("controller",
                                             "True for the one owner that manages this object."),
          field<&OwnerReference::block_owner_deletion>(
              "blockOwnerDeletion", "The owner stays until this object is gone."),
      });
}

TypeInfo describe(Type<Unread>) {
  TypeInfo info = schema::detail::scalar(schema::Kind::any, "any");
  info.read = [](const void*) { return Json(); };
  info.write = [](void*, const Json& json) -> std::optional<std::string> {
    if (!json.is_array()) return "must be a list";
    return std::nullopt;
  };
  return info;
}

TypeInfo describe(Type<ObjectMeta>) {
  return object<ObjectMeta>(
      "ObjectMeta", "What every object has.",
      {
          field<&ObjectMeta::name>("name", "Unique in its namespace among objects of the kind.",
                                   immutable, format::dns_subdomain),
          field<&ObjectMeta::generate_name>(
              "generateName", "Without a name, one is made from this and five random characters.",
              Length{0, 58}),
          field<&ObjectMeta::ns>("namespace", "The space in which the name is unique.", immutable,
                                 format::dns_label),
          field<&ObjectMeta::uid>("uid", "Unique for ever. Set by the server."),
          field<&ObjectMeta::resource_version>(
              "resourceVersion",
              "Changes with every write. An update that carries it is refused "
              "when somebody else has written since."),
          field<&ObjectMeta::generation>("generation",
                                         "Counts changes of the spec. Set by the server."),
          field<&ObjectMeta::creation_timestamp>("creationTimestamp", "Set by the server."),
          field<&ObjectMeta::deletion_timestamp>("deletionTimestamp",
                                                 "When deletion was asked for. Set by the server."),
          field<&ObjectMeta::deletion_grace_period_seconds>("deletionGracePeriodSeconds",
                                                            "Set by the server."),
          field<&ObjectMeta::labels>("labels", "To select objects by.", format::label_value,
                                     Keys{format::qualified_name}),
          field<&ObjectMeta::annotations>("annotations", "Anything else about the object.",
                                          Keys{format::qualified_name}),
          field<&ObjectMeta::finalizers>("finalizers",
                                         "The object stays until all of these are removed.", set,
                                         format::finalizer),
          field<&ObjectMeta::owner_references>("ownerReferences", "The objects that own this one.",
                                               MapKey{"uid"}),
          field<&ObjectMeta::managed_fields>("managedFields", "Who set which field."),
          field<&ObjectMeta::self_link>("selfLink", "Not used."),
      });
}

TypeInfo describe(Type<LocalObjectReference>) {
  return object<LocalObjectReference>(
      "LocalObjectReference", "An object in the same namespace.",
      {field<&LocalObjectReference::name>("name", "Its name.", required, format::dns_subdomain)});
}

TypeInfo describe(Type<NamespacedReference>) {
  return object<NamespacedReference>(
      "NamespacedReference", "An object in a namespace.",
      {
          field<&NamespacedReference::name>("name", "Its name.", required, format::dns_subdomain),
          field<&NamespacedReference::ns>("namespace", "Its namespace.", format::dns_label),
      });
}

TypeInfo describe(Type<KeyReference>) {
  return object<KeyReference>(
      "KeyReference", "One key of a Secret or ConfigMap in the same namespace.",
      {
          field<&KeyReference::name>("name", "Name of the Secret or ConfigMap.", required,
                                     format::dns_subdomain),
          field<&KeyReference::key>("key", "The key in its data.", required, Length{1, 253}),
          field<&KeyReference::optional>("optional",
                                         "True: a missing object or key counts as an empty value."),
      });
}

TypeInfo describe(Type<ValueSource>) {
  return one_of(
      object<ValueSource>(
          "ValueSource", "Where a value comes from.",
          {
              field<&ValueSource::secret_key_ref>("secretKeyRef", "A key of a Secret."),
              field<&ValueSource::config_map_key_ref>("configMapKeyRef", "A key of a ConfigMap."),
          }),
      {OneOf::Count::exactly_one, {"secretKeyRef", "configMapKeyRef"}});
}

TypeInfo describe(Type<ListMeta>) {
  return object<ListMeta>(
      "ListMeta", "What a list has.",
      {
          field<&ListMeta::resource_version>("resourceVersion",
                                             "The state of the store that the list shows."),
          field<&ListMeta::continue_token>("continue", "Asks for the next part of the list."),
          field<&ListMeta::remaining_item_count>("remainingItemCount",
                                                 "How many objects the next parts hold."),
      });
}

}  // namespace gantry::api::meta
