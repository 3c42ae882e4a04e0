"""Networks for ordered labels: a body of another section and one of the heads of `tf_models.ordinal.heads`."""

from tf_models.ordinal.heads import HEADS, ordinal_head
from tf_models.ordinal.mlp import ordinal_mlp
from tf_models.ordinal.vision import ordinal_alexnet, ordinal_resnet

__all__ = ["HEADS", "ordinal_alexnet", "ordinal_head", "ordinal_mlp", "ordinal_resnet"]
