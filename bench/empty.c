/* SPDX-License-Identifier: Apache-2.0 */
/* empty.c: a process that does nothing: what starting any program costs. */
int main(void)
{
    return 0;
}
