/* SPDX-License-Identifier: Apache-2.0 */
/* Images that nvdspreprocess, or a program, put into the metadata of a batch (input-tensor-meta). */
#ifndef DSBIND_NVINFER_TENSOR_INPUT_H
#define DSBIND_NVINFER_TENSOR_INPUT_H

#include <memory>
#include <string>

#include "job.h"

namespace dsbind::infer {

/* A job for all images of the tensors that are for the model `unique_id`, in their order. The batch
 * is writable. Throws Error where a tensor does not fit the model. */
std::unique_ptr<Job> make_tensor_job(std::shared_ptr<Model> model, NvDsBatchMeta *batch,
                                     unsigned unique_id);

/* Why no image for the model `unique_id` is in the batch, and what to do. */
std::string no_images_text(const NvDsBatchMeta *batch, unsigned unique_id);

}  // namespace dsbind::infer

#endif
