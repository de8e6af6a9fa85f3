"""The national exchange tables (工程建设项目审批管理系统数据共享交换标准) with their check rules."""
