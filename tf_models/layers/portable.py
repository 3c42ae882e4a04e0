"""Layers of Keras in operations that more runtimes have, with the same outputs; `tf_models.runtimes` exchanges them for export."""

from keras import layers, ops


class UpSampling2D(layers.UpSampling2D):
    """For TFLite: Keras repeats nearest neighbours in a way after which TFLite does not know how large an image is."""

    def call(self, inputs):
        if None in inputs.shape[1:3]:
            return super().call(inputs)
        sizes = [size * factor for size, factor in zip(inputs.shape[1:3], self.size, strict=True)]
        return ops.image.resize(inputs, sizes, interpolation="nearest", data_format=self.data_format)

    @staticmethod
    def replaces(config: dict) -> bool:
        return config["interpolation"] == "nearest" and config["data_format"] == "channels_last"


class Conv2D(layers.Conv2D):
    """For ONNX: on a CPU Keras has XLA compile a convolution in groups, of which the file can hold nothing."""

    def convolution_op(self, inputs, kernel):
        parts = zip(ops.split(inputs, self.groups, axis=-1), ops.split(kernel, self.groups, axis=-1), strict=True)
        arguments = {"strides": self.strides, "padding": self.padding, "dilation_rate": self.dilation_rate}
        return ops.concatenate([ops.conv(part, its, **arguments) for part, its in parts], axis=-1)

    @staticmethod
    def replaces(config: dict) -> bool:
        return config["groups"] > 1 and config["data_format"] == "channels_last"
