// SPDX-License-Identifier: Apache-2.0
#include "server/rpc/reflection.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/message.h>

#include <optional>
#include <set>
#include <utility>

#include "async/or_return.h"
#include "server/rpc/server.h"

namespace weir::rpc {
namespace {

namespace v1 = grpc::reflection::v1;
using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;

const DescriptorPool& pool() { return *DescriptorPool::generated_pool(); }

// What one stream has been told.
class Answers {
 public:
  explicit Answers(const std::vector<std::string>& services) : services_(services) {}

  Reflection::Response to(Reflection::Request request) {
    Reflection::Response response;
    if (absl::Status status = fill(request, response); !status.ok()) {
      v1::ErrorResponse& error = *response.mutable_error_response();
      error.set_error_code(static_cast<int>(status.code()));
      error.set_error_message(std::string(status.message()));
    }
    response.set_valid_host(request.host());
    *response.mutable_original_request() = std::move(request);
    return response;
  }

 private:
  absl::Status fill(const Reflection::Request& request, Reflection::Response& response) {
    switch (request.message_request_case()) {
      case Reflection::Request::kFileByFilename:
        return send(pool().FindFileByName(request.file_by_filename()), response);
      case Reflection::Request::kFileContainingSymbol:
        return send(pool().FindFileContainingSymbol(request.file_containing_symbol()), response);
      case Reflection::Request::kFileContainingExtension:
        return send(file_of(request.file_containing_extension()), response);
      case Reflection::Request::kAllExtensionNumbersOfType:
        return number_extensions(request.all_extension_numbers_of_type(), response);
      case Reflection::Request::kListServices:
        for (const std::string& name : services_) {
          response.mutable_list_services_response()->add_service()->set_name(name);
        }
        return absl::OkStatus();
      case Reflection::Request::MESSAGE_REQUEST_NOT_SET:
        break;
    }
    return absl::UnimplementedError("this server does not know what the request asks for");
  }

  static const FileDescriptor* file_of(const v1::ExtensionRequest& request) {
    const Descriptor* type = pool().FindMessageTypeByName(request.containing_type());
    if (type == nullptr) return nullptr;
    const FieldDescriptor* field = pool().FindExtensionByNumber(type, request.extension_number());
    return field == nullptr ? nullptr : field->file();
  }

  static absl::Status number_extensions(const std::string& name, Reflection::Response& response) {
    const Descriptor* type = pool().FindMessageTypeByName(name);
    if (type == nullptr) return absl::NotFoundError("this server has no such message type");
    std::vector<const FieldDescriptor*> extensions;
    pool().FindAllExtensions(type, &extensions);
    v1::ExtensionNumberResponse& numbers = *response.mutable_all_extension_numbers_response();
    numbers.set_base_type_name(name);
    for (const FieldDescriptor* extension : extensions) {
      numbers.add_extension_number(extension->number());
    }
    return absl::OkStatus();
  }

  // The file, and those of its imports that have not been sent.
  absl::Status send(const FileDescriptor* file, Reflection::Response& response) {
    if (file == nullptr) return absl::NotFoundError("this server has no such file or name");
    sent_.erase(file);  // asked for once more it is sent once more
    send_new(*file, *response.mutable_file_descriptor_response());
    return absl::OkStatus();
  }
  void send_new(const FileDescriptor& file, v1::FileDescriptorResponse& files) {
    if (!sent_.insert(&file).second) return;
    google::protobuf::FileDescriptorProto proto;
    file.CopyTo(&proto);
    proto.SerializeToString(files.add_file_descriptor_proto());
    for (int i = 0; i < file.dependency_count(); ++i) send_new(*file.dependency(i), files);
  }

  const std::vector<std::string>& services_;
  std::set<const FileDescriptor*> sent_;  // of those that are compiled in, so it has a bound
};

}  // namespace

Reflection::Reflection(Server& server, const std::vector<std::string>& services)
    : services_(services) {
  const auto answer = [this](Reader<Request>& requests, Writer<Response>& responses) {
    return answer_all(requests, responses);
  };
  constexpr char kMethod[] = "ServerReflectionInfo";
  // Nothing else refers to its descriptors, and from an archive the linker takes what is referred
  // to.
  google::protobuf::LinkMessageReflection<grpc::reflection::v1alpha::ServerReflectionRequest>();
  // The messages of both are the same bytes, so these are used for both.
  constexpr auto kTypes = &v1::ServerReflection::AsyncService::RequestServerReflectionInfo;
  server.add_service(v1::ServerReflection::service_full_name(), Method::Kind::kAdmin)
      .bidi(kMethod, kTypes, answer);
  server
      .add_service(grpc::reflection::v1alpha::ServerReflection::service_full_name(),
                   Method::Kind::kAdmin)
      .bidi(kMethod, kTypes, answer);
}

Task<absl::Status> Reflection::answer_all(Reader<Request>& requests,
                                          Writer<Response>& responses) const {
  Answers answers(services_);
  for (;;) {
    std::optional<Request> request = co_await or_return(requests.read());
    if (!request) co_return absl::OkStatus();
    const Response response = answers.to(*std::move(request));
    co_await or_return(responses.write(response));
  }
}

}  // namespace weir::rpc
