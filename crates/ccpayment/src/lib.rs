//! Take and pay out crypto through the CCPayment gateway, safely
