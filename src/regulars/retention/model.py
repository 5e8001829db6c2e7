"""The model of orders that the value stage fitted, or why there is none."""

from regulars.clv.record import WITHOUT_MODEL, ModelsRecord
from regulars.errors import UntoldError
from regulars.finding import may_refuse


@may_refuse
def model_of_orders(models: ModelsRecord):
    """Model of how often customers order.

    Parameters
    ----------
    models : ModelsRecord
        What the value stage left.

    Returns
    -------
    fitter or Refusal
        The refusal says why nothing that needs a model can be told.
    """
    if models.untold:
        raise UntoldError(WITHOUT_MODEL)
    return models.orders
