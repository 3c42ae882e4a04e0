"""Traditional machine learning as Keras models."""

from tf_models.basic_ml.logistic_regression import logistic_regression
from tf_models.basic_ml.perceptron import Perceptron, perceptron
from tf_models.basic_ml.softmax_regression import softmax_regression

__all__ = ["Perceptron", "logistic_regression", "perceptron", "softmax_regression"]
