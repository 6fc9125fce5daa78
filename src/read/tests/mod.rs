mod differences_agree;
mod stacks;
mod stacks_agree;
