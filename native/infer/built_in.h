/* SPDX-License-Identifier: Apache-2.0 */
/* The parsers that need no library, by the names that public configs give them. */
#ifndef DSBIND_INFER_BUILT_IN_H
#define DSBIND_INFER_BUILT_IN_H

#include <string>

#include "config.h"

namespace dsbind::infer {

enum class BoxFormat {
  ByShape, /* nothing was asked for: told by the shapes of the outputs */
  DetectNet,
  Yolo,      /* v5, v8, v11, X or rows of six, told by the shape */
  YoloV5,    /* rows of box, objectness, classes; boxes in pixels */
  YoloX,     /* the same on a grid; boxes in cells */
  YoloV8,    /* columns of box, classes; without objectness */
  BoxRows,   /* rows of two corners, confidence, class */
  Ssd,       /* boxes, scores and classes apart, or rows of seven */
  Detr,      /* softmax with "no object" last */
  DetrFocal, /* every class by itself */
  Unknown,
};

/* What the name of a parser stands for; ByShape for an empty one. */
BoxFormat box_format(const std::string &name);

bool is_built_in(NetworkType type, const std::string &name);

/* The names there are for a type of network, for messages. */
std::string built_in_names(NetworkType type);

}  // namespace dsbind::infer

#endif
